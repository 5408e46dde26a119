// The secrets of the options, or those that are kept in the state folder instead.
#pragma once

#include <filesystem>
#include <string>

#include "options.hpp"

namespace onair {

// All throw std::runtime_error with a sentence for people.
std::string resume_secret(const Options& options);
std::string admin_key(const Options& options);

/// coturn's; empty without TURN. Each client has a credential that is made with it, by which it can
/// try secrets offline.
std::string turn_secret(const Options& options);

/// The keys by which tokens are checked: none where nobody needs one.
net::SigningKeys signing_keys(const Options& options);

/// The secret by which tokens are minted.
std::string auth_secret(const Options& options);

std::string text_of_file(const std::filesystem::path& path);

}  // namespace onair
