// The program onair-forwarder around a core that echoes.
#include "sfu/echo_core.hpp"
#include "sfu/net/program.hpp"

int main(int argc, char** argv) {
  return onair::sfu::run_program<onair::sfu::tests::EchoCore>(argc, argv);
}
