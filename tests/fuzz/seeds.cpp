// Writes the first inputs of all targets: the frames of PROTOCOL.md, alone and as conversations.
#include <filesystem>
#include <fstream>
#include <string>

#include "sfu/offers.hpp"
#include "sfu/real_packets.hpp"
#include "sfu/stun_messages.hpp"
#include "support/fixtures.hpp"

int main(int, char** argv) {
  namespace fs = std::filesystem;
  const fs::path folder(argv[1]);
  int number = 0;
  const auto write = [&](const char* target, const std::string& input) {
    fs::create_directories(folder / target);
    std::ofstream(folder / target / std::to_string(number++)) << input;
  };
  // A step of the hub's target: the first byte says which client speaks (see hub.cpp).
  std::string conversation;
  int speaker = 0;
  for (const auto& fixture : onair::tests::protocol_fixtures()) {
    write("codec", fixture.frame);
    write("envelope", fixture.frame);
    conversation += static_cast<char>(24 + speaker++ % 6);
    conversation += fixture.frame + "\n";
    if (speaker % 5 == 0) write("hub", conversation);
    if (speaker % 12 == 0) conversation.clear();
  }
  for (const char* target :
       {"/", "/index.html", "/sub/page.mjs?x=1", "/../secret", "/%2e%2e/secret"}) {
    write("static_path", target);
  }
  // A recorded file: a head, a cluster of unknown size, a frame of a picture.
  write("webm", std::string("\x1A\x45\xDF\xA3\x80\x18\x53\x80\x67\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
                            "\x15\x49\xA9\x66\x87\x2A\xD7\xB1\x83\x0F\x42\x40"
                            "\x16\x54\xAE\x6B\x88\xAE\x86\xD7\x81\x01\x83\x81\x01"
                            "\x1F\x43\xB6\x75\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xE7\x81\x05"
                            "\xA3\x85\x81\x00\x07\x80x",
                            64));
  for (const std::string_view packet : onair::sfu::tests::kStunMessages) {
    write("stun", std::string(packet));
  }
  // Attributes of a check: PRIORITY, USE-CANDIDATE, ICE-CONTROLLING, one that must be known.
  write("stun", std::string("\x00\x24\x04\x6e\x7f\x1e\xff\x00\x25\x00\x80\x2a\x08"
                            "\x01\x02\x03\x04\x05\x06\x07\x08\x70\x01\x02"
                            "ab",
                            26));
  // Lines of both ends of the control socket, read in pieces (see control.cpp).
  for (
      const char* lines :
      {R"({"id":1,"do":"hello","version":1,"exclusive":true})",
       R"({"id":8,"do":"list","after":"0123456789abcdef01234567"})",
       R"({"id":9,"do":"publish","room":"lesson","peer":"0123456789abcdef01234567","sdp":"v=0\r\n","note":"{}"})",
       R"({"id":9,"do":"invite","room":"lesson","peer":"0123456789abcdef01234567","note":"n"})",
       R"({"id":7,"do":"close","peer":"0123456789abcdef01234567"})", R"({"id":8,"do":"stats"})",
       R"({"id":7,"ok":{}})", R"({"id":8,"ok":{"peers":[]}})", R"({"id":9,"ok":{"sdp":"v=0\r\n"}})",
       R"({"id":9,"error":"no_publication","message":"Nobody broadcasts in this room yet."})",
       R"({"event":"connected","room":"lesson","peer":"0123456789abcdef01234567"})",
       R"({"event":"media","room":"lesson","peer":"0123456789abcdef01234567","on":true})",
       R"({"event":"gone","room":"lesson","peer":"0123456789abcdef01234567","reason":"closed"})"}) {
    for (const char at_once : {'\x07', '\xff'})
      write("control", at_once + std::string(lines) + "\n");
  }
  // Lines of what comes on the wire of a cluster (see cluster.cpp).
  write(
      "cluster",
      "onair.room.61.parts "
      "{\"process\":\"p\",\"others\":[],\"orphans\":[],\"part\":{\"watching\":1,"
      "\"roleless\":0,\"members\":2,\"talkers\":[{\"id\":\"x\",\"onAir\":true,\"locks\":false}]}}\n"
      "onair.room.61.all {\"from\":\"x\",\"type\":\"wave\"}\n"
      "onair.room.61.members {\"process\":\"p\",\"come\":[\"y\"],\"gone\":[]}\n"
      "onair.process.5f0c.undelivered.1 \nonair.alive p\nonair.gone p\nonair.room.61.list \n"
      "onair.orders {\"kind\":\"remove_peer\",\"room\":\"a\",\"peer\":\"y\"}\n");
  write("cluster",
        "onair.process.5f0c.claimed.id1 "
        "{\"kind\":\"kept\",\"room\":\"a\",\"from\":\"\",\"reach\":\"all\",\"number\":7}\x1e"
        "{\"from\":\"x\",\"type\":\"wave\"}\n"
        "onair.process.5f0c.claimed.id1 "
        "{\"kind\":\"handed_over\",\"room\":\"a\",\"from\":\"\",\"reach\":\"all\",\"told\":[7]}\n"
        "onair.process.5f0c.members.61 "
        "{\"process\":\"p\",\"come\":[],\"gone\":[],\"endsList\":true}\n"
        "onair.peer.id1 {\"kind\":\"take_over\",\"room\":\"a\",\"from\":\"\",\"reach\":\"all\"}\n"
        "onair.peer.id1 {\"kind\":\"served_too\",\"room\":\"a\",\"from\":\"\",\"reach\":\"all\","
        "\"process\":\"p\",\"age\":7}\n"
        "onair.room.61.ask {\"process\":\"p\",\"others\":[\"q\"],\"orphans\":[]}\n");
  // Queues that are filled while the wire is away, and sent when it is back.
  write("cluster",
        "-\n>\x01\xff\n>\x01\xff\n>\x01\xff\n>\x01\xff\n>\x01\xff\n>\x06\xff\n"
        "!a\n!b\n!a\n!a\n+\nonair.process.5f0c.undelivered.3 \n>\x04\x01\n");
  // Answers of the store of leases.
  write("cluster",
        "onair.alive p\n \n \n \ng\n \n \n \n \nr{\"talker\":\"id9\",\"process\":\"p\"}\nu\n"
        " \n \n \n \np\n \n \n \n \ng\n");
  for (const std::string_view offer : onair::tests::kOffers) write("sdp", std::string(offer));
  write("sdp",
        "a=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\nm=audio 9 UDP/TLS/RTP/SAVPF 111\n"
        "a=mid:0\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\na=end-of-candidates\n");
  // Steps of processes with a hostile network (see outages.cpp).
  write("outages", "TA\nWB\nd\x0f\nd\x0f\nXA\nTB\nd\x0f\nt\x40\nMA\nm\x03\na\x01\nd\x0f\n");
  // A talker comes back at another process while its own is cut off.
  write("outages", "TA\nd\x0f\nd\x0f\nXA\nTH\nd\x0f\nt\x40\nd\x0f\nMA\nd\x0f\n");
  write("outages",
        "TA\na\x01\nA\x01\nTD\n2\x02\nm\x05\nd\x08\nHB\nS"
        "A{\"type\":\"end_talk\"}\nLA\nt\x10\nTa\nGB\nd\x0f\n");
  // Payloads and events of socket.io by themselves, and conversations (see socketio.cpp).
  for (const char* text : {"40", "2", "4[]\0363", "2:401:2", "5:42[\"a", R"(["enter","lesson"])",
                           R"(["message",{"type":"talk_ready","from":"x","sendto":"id1"}])"}) {
    write("socketio", text);
  }
  const std::string message = R"(["message",{"type":"talk_request","sendto":"id3"}])";
  write("socketio",
        "\x08\n "
        "40\n\x08\n\x08\n "
        "42" +
            message +
            "\n\x0c\n "
            "2probe\n\x08\n "
            "5\n");
  write("socketio",
        "\x02"
        "42[\"enter\",\"lesson\"]\n\x03"
        "42[\"enter\",\"lesson\"]\n\x02"
        "42" +
            message +
            "\nT\nT\nT\n\x03"
            "2\n");
  write("hub",
        std::string("\x18{\"type\":\"enter\",\"room\":\"a\",\"role\":\"talk\"}\n") + "\x12\n" +
            "\x19{\"type\":\"enter\",\"room\":\"a\",\"role\":\"watch\"}\n" + "\x12\n" +
            "\x18{\"type\":\"talk_ready\"}\n\x12\n" +
            "\x19{\"type\":\"talk_request\",\"sendto\":\"id1\"}\n\x12\n\x06\n\x0d\n" +
            "\x1a{\"type\":\"enter\",\"room\":\"a\",\"role\":\"talk\",\"resume\":\"id1\"}\n\x12\n");
  // Datagrams of RTCP, and conversations of RTP by each codec: a packet each 20 ms (see rtp.cpp).
  for (const auto& packet : onair::tests::kRealRtcp) {
    const auto bytes = packet.bytes();
    write("rtcp", {bytes.begin(), bytes.end()});
  }
  for (char codec = 0; codec < 4; ++codec) {
    std::string talk(1, codec);
    for (const auto& packet : onair::tests::kRealRtp) {
      const auto bytes = packet.bytes();
      talk += {char{20}, static_cast<char>(bytes.size() >> 8), static_cast<char>(bytes.size())};
      talk.append(bytes.begin(), bytes.end());
    }
    write("rtp", talk);
  }
}
