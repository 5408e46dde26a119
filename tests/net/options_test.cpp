#include "options.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

namespace onair {
namespace {

struct Read {
  std::optional<Options> options;
  int exit_code = 0;
  std::string out;
  std::string error;
};

Read read(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "onair-server");
  Read result;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  result.options =
      read_options(static_cast<int>(arguments.size()), arguments.data(), result.exit_code);
  result.out = testing::internal::GetCapturedStdout();
  result.error = testing::internal::GetCapturedStderr();
  return result;
}

TEST(ReadOptions, HasDefaults) {
  const Options options = read({}).options.value();
  EXPECT_EQ(options.address, "::");
  EXPECT_EQ(options.port, 9001);
  EXPECT_EQ(options.threads, 0u);
  EXPECT_EQ(options.limits.send_queue_bytes, 1'048'576u);
  EXPECT_EQ(options.limits.idle_time, std::chrono::seconds(30));
  EXPECT_EQ(options.admin_port, std::nullopt);
}

TEST(ReadOptions, TakesThemFromTheCommandLine) {
  const Options options =
      read({"--port", "0", "--idle-timeout", "1.5", "--max-rooms=7", "--allow-origin", "https://a",
            "--allow-origin", "https://b", "--admin-port", "9101", "--burst", "2"})
          .options.value();
  EXPECT_EQ(options.port, 0);
  EXPECT_EQ(options.limits.idle_time, std::chrono::milliseconds(1'500));
  EXPECT_EQ(options.room_limits.rooms, 7u);
  EXPECT_EQ(options.allow_origins, (std::vector<std::string>{"https://a", "https://b"}));
  EXPECT_EQ(options.admin_port, 9101);
  EXPECT_EQ(options.room_limits.rates.burst.count(), 2);
}

TEST(ReadOptions, TheCommandLineCountsMoreThanTheFileAndThatMoreThanTheEnvironment) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("onair-options-" + std::to_string(getpid()) + ".conf");
  std::ofstream(file) << "# of a test\naddress=::1\nmax-rooms=2\nmax-connections=2\n";
  setenv("ONAIR_MAX_ROOMS", "3", 1);
  setenv("ONAIR_MAX_CONNECTIONS", "3", 1);
  setenv("ONAIR_MAX_HEADER_BYTES", "333", 1);
  const Read result = read({"--config", file.c_str(), "--max-rooms", "1"});
  unsetenv("ONAIR_MAX_ROOMS");
  unsetenv("ONAIR_MAX_CONNECTIONS");
  unsetenv("ONAIR_MAX_HEADER_BYTES");
  std::filesystem::remove(file);
  const Options options = result.options.value();
  EXPECT_EQ(options.address, "::1");
  EXPECT_EQ(options.room_limits.rooms, 1u);
  EXPECT_EQ(options.limits.connections, 2u);
  EXPECT_EQ(options.limits.header_bytes, 333u);
}

/// Reads one option as it stands in a file of --config.
Read read_from_file(const std::string& text) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("onair-options-" + std::to_string(getpid()) + ".conf");
  std::ofstream(file) << text;
  Read result = read({"--config", file.c_str()});
  std::filesystem::remove(file);
  return result;
}

Read read_from_environment(const std::string& name, const std::string& value) {
  setenv(name.c_str(), value.c_str(), 1);
  Read result = read({});
  unsetenv(name.c_str());
  return result;
}

/// An option by its name, with what it was read as and values that it may have.
struct OptionCase {
  const char* name;
  std::string (*value)(const Options& options);
  std::vector<std::string> values;
};

std::string joined(const std::vector<std::string>& values) {
  std::string all;
  for (const std::string& value : values) all += (all.empty() ? "" : ",") + value;
  return all;
}

std::string public_key_file() {
  return (std::filesystem::temp_directory_path() /
          ("onair key#,;=" + std::to_string(getpid()) + ".pem"))
      .string();
}

std::vector<OptionCase> text_options() {
  const std::vector<std::string> secrets = {
      "ab#cd", "ab,cd", "ab cd", "ab;cd",  "#ab",  ";ab", "a=b",  "'ab'",    "\"ab\"",
      "a\\b",  "[ab]",  "[a,b]", "$a{b}%", "true", "-ab", "0x1f", "é ü 秘密"};
  const std::vector<std::string> paths = {"/a b/c#d,e;f", "./x=y"};
  const std::vector<std::string> files = {public_key_file()};
  return {
      {"turn-secret", [](const Options& o) { return o.turn_secret; }, secrets},
      {"resume-secret", [](const Options& o) { return o.resume_secret; }, secrets},
      {"auth-secret", [](const Options& o) { return o.auth_secret; }, secrets},
      {"admin-key", [](const Options& o) { return o.admin_key; }, secrets},
      {"bus-user", [](const Options& o) { return o.cluster.nats.user; }, secrets},
      {"bus-password", [](const Options& o) { return o.cluster.nats.password; }, secrets},
      {"bus-token", [](const Options& o) { return o.cluster.nats.token; }, secrets},
      {"bus-creds", [](const Options& o) { return o.cluster.nats.credentials.string(); }, paths},
      {"bus-ca", [](const Options& o) { return o.cluster.nats.ca.string(); }, paths},
      {"web", [](const Options& o) { return o.web.string(); }, paths},
      {"address", [](const Options& o) { return o.address; }, {"::1", "fe80::1%eth0"}},
      {"tls-cert", [](const Options& o) { return o.tls_cert.string(); }, paths},
      {"tls-key", [](const Options& o) { return o.tls_key.string(); }, paths},
      {"auth-public-key", [](const Options& o) { return o.auth_public_key.string(); }, files},
      {"bus-prefix", [](const Options& o) { return o.cluster.prefix; }, {"a#b,c;d=e", "'ab'"}},
      {"bus-cert", [](const Options& o) { return o.cluster.nats.certificate.string(); }, paths},
      {"bus-key", [](const Options& o) { return o.cluster.nats.key.string(); }, paths},
      {"socketio-client", [](const Options& o) { return o.socketio_client.string(); }, paths},
      {"state-dir", [](const Options& o) { return o.state_dir.string(); }, paths},
      {"bus",
       [](const Options& o) { return o.cluster.nats.servers; },
       {"nats://a:4222,nats://b:4222", "tls://u:p#w d@a:4222,b:4223"}},
      {"ice-server",
       [](const Options& o) { return joined(o.ice_servers); },
       {"stun:a", "stun:a:1,stuns:[::1]:2"}},
      {"turn-server",
       [](const Options& o) { return joined(o.turn_servers); },
       {"turn:a?transport=tcp,turns:b:5349"}},
      {"allow-origin",
       [](const Options& o) { return joined(o.allow_origins); },
       {"https://a,http://b:8080", "*"}},
      {"trusted-proxy",
       [](const Options& o) { return joined(o.trusted_proxies); },
       {"10.0.0.0/8,fd00::/8"}},
      {"forwarder",
       [](const Options& o) { return o.forwarder.socket.string(); },
       {"/run/onair/a b.sock", "./x"}},
      {"forward",
       [](const Options& o) { return o.forwarder.forward; },
       {"auto", "always", "never", "20"}},
      {"media-address",
       [](const Options& o) { return joined(o.forwarder.media_addresses); },
       {"192.0.2.1,2001:db8::1"}},
  };
}

/// A number, without the zeros that std::to_string appends to a fraction.
template <typename Number>
std::string text_of(Number number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

std::string seconds_of(std::chrono::duration<double> duration) {
  return text_of(duration.count());
}

std::string word_of(bool flag) {
  return flag ? "true" : "false";
}

std::vector<OptionCase> number_options() {
  const std::vector<std::string> ports = {"0", "1", "65535"};
  const std::vector<std::string> counts = {"1", "77", "77777"};
  const std::vector<std::string> sizes = {"1048576", "5000001"};
  return {
      {"port", [](const Options& o) { return text_of(o.port); }, ports},
      {"media-port", [](const Options& o) { return text_of(o.forwarder.media_port); }, ports},
      {"admin-port", [](const Options& o) { return text_of(o.admin_port.value_or(9)); }, ports},
      {"threads", [](const Options& o) { return text_of(o.threads); }, {"0", "3"}},
      {"max-frame-bytes",
       [](const Options& o) { return text_of(o.limits.frame_bytes); },
       {"1024", "2000000"}},
      {"max-frames-per-second",
       [](const Options& o) { return text_of(o.room_limits.rates.frames_per_second); }, counts},
      {"max-bytes-per-second",
       [](const Options& o) { return text_of(o.room_limits.rates.bytes_per_second); }, counts},
      {"max-send-queue-bytes", [](const Options& o) { return text_of(o.limits.send_queue_bytes); },
       sizes},
      {"max-queue-bytes", [](const Options& o) { return text_of(o.limits.queue_bytes); }, sizes},
      {"max-input-bytes", [](const Options& o) { return text_of(o.limits.input_bytes); }, sizes},
      {"max-peers-per-room", [](const Options& o) { return text_of(o.room_limits.peers_per_room); },
       counts},
      {"max-kept-frames",
       [](const Options& o) { return text_of(o.room_limits.kept_frames); },
       {"0", "12"}},
      {"max-kept-bytes",
       [](const Options& o) { return text_of(o.room_limits.kept_bytes); },
       {"0", "123456"}},
      {"talkers-per-room",
       [](const Options& o) { return text_of(o.room_limits.talkers_per_room); },
       {"1", "9"}},
      {"max-rooms", [](const Options& o) { return text_of(o.room_limits.rooms); }, counts},
      {"max-peers-per-address",
       [](const Options& o) { return text_of(o.limits.peers_per_address); }, counts},
      {"max-encoders-per-address",
       [](const Options& o) { return text_of(o.limits.encoders_per_address); }, counts},
      {"max-connections-per-address",
       [](const Options& o) { return text_of(o.limits.connections_per_address); }, counts},
      {"max-connections", [](const Options& o) { return text_of(o.limits.connections); }, counts},
      {"max-header-bytes",
       [](const Options& o) { return text_of(o.limits.header_bytes); },
       {"256", "9999"}},
  };
}

std::vector<OptionCase> duration_options() {
  const std::vector<std::string> durations = {"1", "1.5", "60"};
  return {
      {"drain-timeout", [](const Options& o) { return seconds_of(o.drain_time); }, durations},
      {"grace", [](const Options& o) { return seconds_of(o.grace); }, durations},
      {"burst", [](const Options& o) { return seconds_of(o.room_limits.rates.burst); }, {"1", "5"}},
      {"turn-ttl", [](const Options& o) { return seconds_of(o.turn_ttl); }, {"60", "7200"}},
      {"auth-leeway", [](const Options& o) { return seconds_of(o.auth_leeway); }, {"0", "7"}},
      {"handshake-timeout", [](const Options& o) { return seconds_of(o.limits.handshake_time); },
       durations},
      {"idle-timeout", [](const Options& o) { return seconds_of(o.limits.idle_time); }, durations},
      {"max-accept-pause",
       [](const Options& o) { return seconds_of(o.limits.accept_pause); },
       {"0.25", "60"}},
  };
}

std::vector<OptionCase> choice_options() {
  const std::vector<std::string> flag = {"true", "false"};
  return {
      {"relay-only", [](const Options& o) { return word_of(o.relay_only); }, flag},
      {"tls-self-signed", [](const Options& o) { return word_of(o.tls_self_signed); }, flag},
      {"log-level",
       [](const Options& o) { return o.log_level; },
       {"debug", "info", "warn", "error"}},
      {"auth",
       [](const Options& o) {
         return std::string(o.auth == net::Auth::open   ? "open"
                            : o.auth == net::Auth::talk ? "talk"
                                                        : "all");
       },
       {"open", "talk", "all"}},
  };
}

std::vector<OptionCase> all_options() {
  std::vector<OptionCase> all = text_options();
  for (const auto& more : {number_options(), duration_options(), choice_options()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

TEST(ReadOptions, TheTableHasEveryOption) {
  std::set<std::string> known = {"config", "version"};  // these have tests of their own
  for (const OptionCase& option : all_options()) known.insert(option.name);
  const std::string help = read({"--help"}).out;
  const std::regex long_name("\\n +--([a-z-]+)");
  std::set<std::string> named;
  for (std::sregex_iterator next(help.begin(), help.end(), long_name), end; next != end; ++next) {
    named.insert((*next)[1]);
  }
  EXPECT_EQ(named, known);
}

/// The options that another one needs beside it.
std::vector<std::string> companions_of(const std::string& name) {
  const std::string bus = "--bus=nats://a:4222";
  const std::map<std::string, std::vector<std::string>> companions = {
      {"turn-secret", {"--turn-server=turn:t"}},
      {"turn-server", {"--turn-secret=s"}},
      {"relay-only", {"--turn-server=turn:t", "--turn-secret=s"}},
      {"tls-cert", {"--tls-key=k"}},
      {"tls-key", {"--tls-cert=c"}},
      {"auth-secret", {"--auth=talk"}},
      {"auth-public-key", {"--auth=all"}},
      {"bus-user", {bus}},
      {"bus-password", {bus, "--bus-user=u"}},
      {"bus-token", {bus}},
      {"bus-creds", {bus}},
      {"bus-ca", {bus}},
      {"bus-cert", {bus, "--bus-key=k"}},
      {"bus-key", {bus, "--bus-cert=c"}}};
  const auto found = companions.find(name);
  return found == companions.end() ? std::vector<std::string>{} : found->second;
}

std::string variable_of(const std::string& option) {
  std::string name = "ONAIR_" + option;
  std::ranges::transform(name, name.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return name;
}

TEST(ReadOptions, AValueIsTheSameWhereverItIsGiven) {
  std::ofstream(public_key_file()) << "a key";
  for (const OptionCase& option : all_options()) {
    const std::string name = option.name;
    const std::string variable = variable_of(name);
    std::vector<const char*> others;
    std::string lines;
    const std::vector<std::string> companions = companions_of(name);
    for (const std::string& other : companions) {
      others.push_back(other.c_str());
      lines += other.substr(2) + "\n";
    }
    for (const std::string& value : option.values) {
      const auto read_with = [&](const Read& result) {
        return result.options ? option.value(*result.options) : result.error;
      };
      const std::string with_blanks = " " + value + "\t\n";
      const std::string on_line = "--" + name + "=" + value;
      std::vector<const char*> line = others;
      line.push_back(on_line.c_str());
      EXPECT_EQ(read_with(read(line)), value) << name;
      EXPECT_EQ(read_with(read_from_file(lines + name + " =  " + value + " \r\n")), value)
          << name << " in a file";
      setenv(variable.c_str(), value.c_str(), 1);
      EXPECT_EQ(read_with(read(others)), value) << variable;
      setenv(variable.c_str(), with_blanks.c_str(), 1);
      EXPECT_EQ(read_with(read(others)), value) << variable << " with blanks";
      unsetenv(variable.c_str());
      const std::string blanks_on_line = "--" + name + "=" + with_blanks;
      line.back() = blanks_on_line.c_str();
      EXPECT_EQ(read_with(read(line)), value) << name << " with blanks";
    }
  }
  std::filesystem::remove(public_key_file());
}

TEST(ReadOptions, LinesOfAFileWithOneNameAddUpWhereThereMayBeSeveral) {
  const Read result =
      read_from_file("ice-server=stun:a\nice-server=stun:b\nmax-rooms=1\nmax-rooms=2\n");
  ASSERT_TRUE(result.options) << result.error;
  EXPECT_EQ(result.options->ice_servers, (std::vector<std::string>{"stun:a", "stun:b"}));
  EXPECT_EQ(result.options->room_limits.rooms, 2u);
}

TEST(ReadOptions, AListMayHaveBlanksAfterItsCommas) {
  const std::vector<std::string> both = {"https://a", "https://b"};
  const char* const list = "https://a, https://b";
  EXPECT_EQ(read({"--allow-origin", list}).options.value().allow_origins, both);
  EXPECT_EQ(read_from_environment("ONAIR_ALLOW_ORIGIN", list).options.value().allow_origins, both);
  EXPECT_EQ(read_from_file("allow-origin=https://a, https://b\n").options.value().allow_origins,
            both);
  EXPECT_EQ(read_from_environment("ONAIR_MAX_ROOMS", " 7\n").options.value().room_limits.rooms, 7u);
}

TEST(ReadOptions, AnEmptyValueCountsAsNotGiven) {
  const Read result =
      read_from_file("; a comment\n\n  # another\nturn-secret=\nice-server=\nport=\n");
  ASSERT_TRUE(result.options) << result.error;
  EXPECT_EQ(result.options->port, 9001);
  EXPECT_TRUE(result.options->ice_servers.empty());
}

TEST(ReadOptions, AFileIsRefusedThatIsNoneOrNamesWhatIsNot) {
  for (const char* text : {"[section]\n", "max-rooms\n", "=1\n", "max-roms=1\n", "max-rooms=x\n"}) {
    const Read result = read_from_file(text);
    EXPECT_FALSE(result.options) << text;
    EXPECT_EQ(std::ranges::count(result.error, '\n'), 1) << result.error;
  }
}

TEST(ReadOptions, KubernetesMaySetThePortOfAServiceOfThisName) {
  const Read result = read_from_environment("ONAIR_PORT", "tcp://10.96.0.12:9001");
  ASSERT_TRUE(result.options) << result.error;
  EXPECT_EQ(result.options->port, 9001);
  EXPECT_EQ(read_from_environment("ONAIR_PORT", "9100").options.value().port, 9100);
  for (const char* variable : {"ONAIR_MEDIA_PORT", "ONAIR_ADMIN_PORT"}) {
    const Read of_another = read_from_environment(variable, "udp://10.96.0.12:9100");
    EXPECT_TRUE(of_another.options) << of_another.error;
  }
}

TEST(ReadOptions, TheFileMayBeNamedInTheEnvironment) {
  const auto folder = std::filesystem::temp_directory_path();
  const auto file = folder / ("onair-options-" + std::to_string(getpid()) + ".conf");
  const auto other = folder / ("onair-options-" + std::to_string(getpid()) + "-b.conf");
  std::ofstream(file) << "max-rooms=2\nmax-connections=2\n";
  std::ofstream(other) << "max-rooms=3\n";
  setenv("ONAIR_CONFIG", file.c_str(), 1);
  const Read of_variable = read({});
  const Read before_a_command = read({"token", "--room", "a", "--role", "talk"});
  const Read of_line = read({"--config", other.c_str()});
  unsetenv("ONAIR_CONFIG");
  std::filesystem::remove(file);
  std::filesystem::remove(other);
  ASSERT_TRUE(of_variable.options) << of_variable.error;
  EXPECT_EQ(of_variable.options->room_limits.rooms, 2u);
  ASSERT_TRUE(before_a_command.options) << before_a_command.error;
  EXPECT_EQ(before_a_command.options->room_limits.rooms, 2u);
  ASSERT_TRUE(of_line.options) << of_line.error;
  EXPECT_EQ(of_line.options->room_limits.rooms, 3u) << "the command line counts more";
  EXPECT_EQ(of_line.options->limits.connections, Options().limits.connections);
  EXPECT_FALSE(read_from_environment("ONAIR_CONFIG", "/nowhere").options);
  EXPECT_TRUE(read_from_environment("ONAIR_CONFIG", "").options);
}

TEST(ReadOptions, VariablesOfTheNamesOfHelpAndVersionMeanNothing) {
  for (const char* name : {"ONAIR_VERSION", "ONAIR_HELP"}) {
    for (const char* value : {"1", "1.4.2", "false"}) {
      const Read result = read_from_environment(name, value);
      EXPECT_TRUE(result.options) << name << "=" << value << result.error;
      EXPECT_EQ(result.out, "");
    }
  }
}

TEST(ReadOptions, AWrongValueInTheEnvironmentIsRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"threads", "5000"}, {"threads", "some"},        {"log-level", "loud"},
      {"auth", "nobody"},  {"ice-server", "stun:a,h"}, {"media-address", "1.2.3"},
      {"max-rooms", "-1"}};
  for (const auto& [name, value] : wrong) {
    const std::string variable = variable_of(name);
    const Read result = read_from_environment(variable, value);
    EXPECT_FALSE(result.options) << variable << "=" << value;
    EXPECT_NE(result.error.find("--" + name), std::string::npos) << result.error;
    const Read on_line = read({("--" + name + "=" + value).c_str()});
    EXPECT_EQ(result.error, on_line.error) << variable;
  }
}

TEST(ReadOptions, AUrlThatNoClientCouldUseIsRefused) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> wrong = {
      {"--ice-server",
       {"stun.example.org", "stun:", "stun:h?transport=udp", "turn:h", "stun:h:0", "stun:h:x",
        "stun://h", "stun:a b", "http://h", "stun:h/p"}},
      {"--turn-server",
       {"turn:", "stun:h", "h", "turn:h?transport=sctp", "turn:h?", "turn:[::1", "turn:h:70000",
        "turn:u@h", "turn:[::::]", "turn:[2001:db8:1]:3478"}},
      {"--bus", {"", "http://a:4222", "nats://", "nats://a,", "nats://a:x", "a b"}},
      {"--allow-origin",
       {"school.example", "https://", "https://a/b", "https://a b", "https://a:port",
        "https://a:70000", "https://a:", "https://bücher.example", "ht tps://a", "1a://b",
        "https://u@a", "https://*.a", "https://[::::]", "https://[2001:db8:1]", "https://a,b"}},
  };
  for (const auto& [option, values] : wrong) {
    for (const std::string& value : values) {
      const Read result = read({option.c_str(), value.c_str(), "--turn-secret", "s"});
      EXPECT_FALSE(result.options) << option << " " << value;
      EXPECT_NE(result.error.find(option), std::string::npos) << value << ": " << result.error;
    }
  }
  for (const char* right :
       {"stun:h", "stuns:h:5349", "stun:192.0.2.1", "stun:[2001:db8::1]:3478"}) {
    EXPECT_TRUE(read({"--ice-server", right}).options) << right;
  }
  for (const char* right :
       {"*", "https://a", "http://a:8080/", "https://[2001:db8::1]:8443", "http://192.0.2.1",
        "https://xn--bcher-kva.example", "chrome-extension://abc", "HTTPS://A.Example"}) {
    const Read result = read({"--allow-origin", right});
    EXPECT_TRUE(result.options) << result.error;
  }
}

TEST(ReadOptions, TheForwarderIsStartedSwitchedOffOrNamed) {
  using Mode = net::ForwarderOptions::Mode;
  const auto forwarder = [](const char* value) {
    return read({"--forwarder", value}).options.value().forwarder;
  };
  EXPECT_EQ(read({}).options.value().forwarder.mode, Mode::automatic);
  EXPECT_EQ(read({}).options.value().forwarder.media_port, 9100);
  EXPECT_EQ(read({}).options.value().forwarder.forward, "auto");
  EXPECT_EQ(forwarder("auto").mode, Mode::automatic);
  EXPECT_EQ(forwarder("off").mode, Mode::off);
  EXPECT_EQ(forwarder("/run/a.sock").mode, Mode::external);
  for (const char* nobody : {"0.0.0.0", "::", "224.0.0.1", "ff02::1", "169.254.0.1", "fe80::1",
                             "example.org", "192.0.2.1:9100"}) {
    EXPECT_FALSE(read({"--media-address", nobody}).options) << nobody;
  }
}

TEST(ReadOptions, AWrongOneEndsWithOneLine) {
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {"--prot", "1"},
           {"--address", "localhost"},
           {"--address", "0.0.0.0:9001"},
           {"--port", "x"},
           {"--port", "70000"},
           {"--max-rooms", "0"},
           {"--idle-timeout", "-1"},
           {"--grace", "nan"},
           {"--grace", "inf"},
           {"--port", "010"},
           {"--max-rooms", "0x10"},
           {"--admin-port", "09101"},
           {"--log-level", "loud"},
           {"--config", "/nowhere"},
           {"--turn-secret", "x"},
           {"--relay-only"},
           {"--tls-cert", "x"},
           {"--forwarder", "on"},
           {"--forward", "off"},
           {"--forward", "0"},
           {"--forward", "20 viewers"},
           {"--media-port", "70000"},
           {"--media-address", "0.0.0.0"},
           {"--tls-self-signed", "--tls-cert", "x", "--tls-key", "y"},
           {"--auth-secret", "x"},
           {"--auth", "open", "--auth-secret", "x"},
           {"--bus-user", "x"},
           {"--bus-token", "x"},
           {"--bus-creds", "x"},
           {"--bus-ca", "x"},
           {"--bus-cert", "x", "--bus-key", "y"},
           {"--bus", "a:4222", "--bus-password", "x"},
           {"--bus", "a:4222", "--bus-cert", "x"},
           {"--bus", "a:4222", "--bus-key", "x"},
           {"--forward", "always", "--forwarder", "off"},
           {"--forward", "2", "--forwarder", "off"}}) {
    const Read result = read(arguments);
    EXPECT_FALSE(result.options) << arguments[0];
    EXPECT_NE(result.exit_code, 0) << arguments[0];
    EXPECT_EQ(std::ranges::count(result.error, '\n'), 1) << result.error;
    EXPECT_TRUE(result.error.starts_with("onair-server: ")) << result.error;
  }
}

TEST(ReadOptions, ACommandTakesTheServersOptionsThatItDoesNotNeed) {
  const Read token =
      read({"--auth-secret", "x", "--bus-token", "y", "token", "--room", "a", "--role", "talk"});
  EXPECT_TRUE(token.options) << token.error;
  EXPECT_TRUE(read({"--forward", "never", "--forwarder", "off"}).options);
}

TEST(ReadOptions, HelpNamesEveryBoundAndItsDefault) {
  const Read result = read({"--help"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* option :
       {"--max-frame-bytes", "--max-frames-per-second", "--max-bytes-per-second", "--burst",
        "--max-send-queue-bytes", "--max-kept-frames", "--max-kept-bytes", "--max-peers-per-room",
        "--max-rooms", "--max-peers-per-address", "--max-encoders-per-address", "--max-connections",
        "--max-header-bytes", "--handshake-timeout", "--idle-timeout", "--max-accept-pause"}) {
    const std::size_t at = result.out.find(option);
    ASSERT_NE(at, std::string::npos) << option;
    EXPECT_NE(result.out.find('[', at), std::string::npos) << option;
  }
}

}  // namespace
}  // namespace onair
