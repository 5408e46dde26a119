// The resolver of a request's target: it finds what was read from the site, and nothing else.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fuzz/targets.hpp"
#include "net/http/static_files.hpp"

namespace {

onair::net::StaticFiles make_site() {
  namespace fs = std::filesystem;
  std::string name = (fs::temp_directory_path() / "onair-fuzz-XXXXXX").string();
  const fs::path folder = mkdtemp(name.data());
  std::ofstream(folder / "secret") << "outside";
  fs::create_directories(folder / "site/sub");
  std::ofstream(folder / "site/index.html") << "inside";
  std::ofstream(folder / "site/sub/page.mjs") << "inside";
  auto files = onair::net::StaticFiles::read(folder / "site");
  fs::remove_all(folder);
  return files;
}

}  // namespace

void onair::fuzz::run(std::string_view input) {
  static const net::StaticFiles site = make_site();
  const net::StaticFile* const found = site.find(input);
  if (found == nullptr) return;
  check(found->forms.back().body == "inside", "only what is in the site is found");
  const std::string_view path = input.substr(0, input.find('?'));
  check(path == "/" || path == "/index.html" || path == "/sub/page.mjs", "by its one name");
}
