// The viewer's interface for its page.
#include "browser/bindings.hpp"
#include "browser/watch_client.hpp"

EMSCRIPTEN_BINDINGS(onair_watch) {
  using onair::browser::WatchClient;
  onair::browser::bind_client<WatchClient>("WatchClient")
      .function("request", &WatchClient::request);
}
