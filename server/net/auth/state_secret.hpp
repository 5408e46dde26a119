// A secret that survives restarts.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

namespace onair::net {

/// The secret in the file `name` of the folder, made at random where there is none; both folder and
/// file are for the owner alone (modes 0700 and 0600); what root makes belongs to the folder's
/// owner. Throws std::runtime_error with a sentence for people where that can't be done, or where
/// others may read the file.
std::string state_secret(const std::filesystem::path& folder, const std::string& name);

/// Makes the folder where there is none, for its owner alone from the start (mode 0700).
std::error_code make_private_folder(const std::filesystem::path& folder);

/// Throws std::runtime_error with a sentence for people where others than its owner may read or
/// write the file, or it can't be looked at.
void require_private(const std::filesystem::path& path);

}  // namespace onair::net
