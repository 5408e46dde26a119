#include "commands.hpp"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <stdexcept>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <nlohmann/json.hpp>

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"
#include "protocol/room_name.hpp"
#include "protocol/text.hpp"
#include "secrets.hpp"

namespace onair {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using nlohmann::json;

/// Where browsers on this machine reach the server.
std::string origin_here(const Options& options) {
  const bool secure = options.tls_self_signed || !options.tls_cert.empty();
  return (secure ? "https://localhost:" : "http://localhost:") + std::to_string(options.port);
}

/// Gives the answer of the server's admin port. Throws where it does not, or answers with an error.
json ask(const Options& options, http::verb method, const std::string& target) {
  asio::io_context context;
  beast::tcp_stream stream(context);
  beast::error_code error;
  const std::uint16_t port = options.admin_port.value_or(0);  // the command requires the option
  stream.connect({asio::ip::address_v4::loopback(), port}, error);
  if (error) {
    throw std::runtime_error("No server answers on port " + std::to_string(port) +
                             " of 127.0.0.1: is --admin-port that of the running server?");
  }
  http::request<http::string_body> request(method, target, 11);
  request.set(http::field::host, "127.0.0.1");
  request.set(http::field::authorization, "Bearer " + admin_key(options));
  http::write(stream, request, error);
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  if (!error) http::read(stream, buffer, response, error);
  if (error) throw std::runtime_error("The server did not answer: " + error.message() + ".");
  json body = protocol::parse_json(response.body());
  if (http::to_status_class(response.result()) == http::status_class::successful) return body;
  if (response.result() == http::status::unauthorized) {
    throw std::runtime_error(
        "The server has another --admin-key: give the same, or the same --state-dir.");
  }
  if (body.is_object()) throw std::runtime_error(body["error"]["message"].get<std::string>());
  throw std::runtime_error("Unexpected answer from the server (HTTP status " +
                           std::to_string(response.result_int()) + ").");
}

void print(const json& room) {
  std::cout << std::left << std::setw(9) << (room["onAir"].get<bool>() ? "on air" : "-")
            << std::setw(9) << (room["locked"].get<bool>() ? "locked" : "-") << std::right
            << std::setw(7) << room["talkers"].get<int>() << "  " << std::setw(8)
            << room["watching"].get<int>() << "  " << room["name"].get<std::string>() << "\n";
}

void print_peer(const json& peer) {
  const bool on_air = peer["onAir"].get<bool>();
  const bool away = peer["away"].get<bool>();
  std::cout << std::left << std::setw(26) << peer["id"].get<std::string>() << std::setw(7)
            << peer["role"].get<std::string>() << std::setw(8)
            << (away     ? "away"
                : on_air ? "on air"
                         : "here")
            << peer.value("name", "") << "\n";
}

void list_rooms(const Options& options) {
  const json rooms = ask(options, http::verb::get, "/v1/rooms")["rooms"];
  if (rooms.empty()) std::cout << "Nobody is in any room.\n";
  if (!rooms.empty()) std::cout << "ON AIR   LOCKED   TALKERS  WATCHING  ROOM\n";
  for (const json& room : rooms) print(room);
}

}  // namespace

void mint_token(const Options& options, const MintToken& token) {
  if (const auto fault = protocol::room_name_fault(token.room)) {
    throw std::runtime_error("--room " + *fault + ".");
  }
  if (token.name.size() > protocol::kMaxChatNameBytes) {
    throw std::runtime_error("--name is too long.");
  }
  net::Claims claims{token.room, token.role, std::chrono::system_clock::now() + token.ttl};
  if (!token.name.empty()) claims.name = token.name;
  const bool by_secret = token.private_key.empty();
  const std::string minted = net::mint(claims, by_secret ? auth_secret(options) : std::string(),
                                       by_secret ? std::string() : text_of_file(token.private_key));
  std::string origin = token.url.empty() ? origin_here(options) : token.url;
  while (origin.ends_with('/')) origin.pop_back();
  std::cout << minted << "\n"
            << origin << (token.role == protocol::Role::talk ? "/talk.html?" : "/watch.html?")
            << protocol::percent_encode(token.room) << "#token=" << minted << "\n";
}

void manage_rooms(const Options& options, const ManageRooms& rooms) {
  const std::string room = "/v1/rooms/" + protocol::percent_encode(rooms.room);
  switch (rooms.action) {
    case ManageRooms::Action::end:
      ask(options, http::verb::delete_, room);
      std::cout << "Everyone was sent away.\n";
      return;
    case ManageRooms::Action::remove:
      ask(options, http::verb::delete_, room + "/peers/" + protocol::percent_encode(rooms.peer));
      std::cout << "The peer was sent away.\n";
      return;
    case ManageRooms::Action::list: break;
  }
  if (rooms.room.empty()) return list_rooms(options);
  const json found = ask(options, http::verb::get, room);
  std::cout << "ID                        ROLE   STATE   NAME\n";
  for (const json& peer : found["peers"]) print_peer(peer);
}

}  // namespace onair
