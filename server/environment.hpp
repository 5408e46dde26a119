// Options from the environment, for programs whose options CLI11 reads.
#pragma once

namespace CLI {
class App;
}

namespace onair {

/// Has the program ignore variables that Kubernetes sets: for a service that is called onair,
/// ONAIR_PORT is an URL, and for one that is called onair-media ONAIR_MEDIA_PORT
/// (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables). To be
/// called before `parse`.
void ignore_kubernetes(CLI::App& app);

/// Reads what CLI11 left out of the environment. To be called after `parse`: CLI11 2.4 and newer
/// checks a list as if it were one value, and silently drops a value that does not pass.
///
/// Throws CLI::ValidationError or CLI::ConversionError for a value that does not pass, since the
/// program must not start then.
void read_rest_of_environment(CLI::App& app);

}  // namespace onair
