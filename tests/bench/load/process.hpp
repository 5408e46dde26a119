// The system's numbers about the server's process.
#pragma once

namespace onair::load {

/// Processor time of all its threads, in seconds.
double cpu_seconds(int pid);

double resident_bytes(int pid);

/// As many file descriptors for this process as the system allows.
void raise_descriptor_limit();

}  // namespace onair::load
