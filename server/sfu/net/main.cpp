#include "sfu/forwarder.hpp"
#include "sfu/net/program.hpp"

int main(int argc, char** argv) {
  return onair::sfu::run_program<onair::sfu::Forwarder>(argc, argv);
}
