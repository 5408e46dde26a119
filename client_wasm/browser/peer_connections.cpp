#include "browser/peer_connections.hpp"

#include "browser/javascript.hpp"
#include "browser/promise.hpp"
#include "session/names.hpp"
#include "session/opus.hpp"

namespace onair::browser {
namespace {

val to_js(const protocol::IceServer& server) {
  const val urls = val::array(server.urls);
  val entry = object_of({{"urls", urls}});
  if (server.username) entry.set("username", *server.username);
  if (server.credential) entry.set("credential", *server.credential);
  return entry;
}

val configuration(const session::IceConfiguration& ice) {
  const val servers = val::array();
  for (const protocol::IceServer& server : ice.servers) servers.call<void>("push", to_js(server));
  return object_of({{"iceServers", servers},
                    {"iceTransportPolicy", val(ice.turn_only ? "relay" : "all")},
                    {"bundlePolicy", val("max-bundle")}});
}

val to_js(const DataChannelOptions& options) {
  val init = object_of({{"ordered", val(options.ordered)}});
  if (options.max_packet_life_time_ms) {
    init.set("maxPacketLifeTime", *options.max_packet_life_time_ms);
  }
  if (options.max_retransmits) init.set("maxRetransmits", *options.max_retransmits);
  return init;
}

/// The stream's first track of a kind, or null.
val track_of(const val& stream, const std::string& kind) {
  const val tracks = stream.call<val>(kind == "audio" ? "getAudioTracks" : "getVideoTracks");
  return tracks["length"].as<int>() > 0 ? tracks[0] : val::null();
}

/// The video sender, or null.
val video_sender(const val& connection) {
  const val transceivers = connection.call<val>("getTransceivers");
  for (int i = 0; i < transceivers["length"].as<int>(); ++i) {
    if (transceivers[i]["receiver"]["track"]["kind"].as<std::string>() == "video") {
      return transceivers[i]["sender"];
    }
  }
  return val::null();
}

/// False if the channel does not take the text.
bool send_over(const val& channel, const std::string& text) {
  if (channel.isNull()) return false;
  if (channel["bufferedAmount"].as<double>() > PeerConnections::kMaxBufferedBytes) return false;
  return attempt(channel, "send", {val(text)}).ok;
}

}  // namespace

std::optional<std::string> PeerConnections::create_sending(const session::CreateConnection& command,
                                                           const val& stream,
                                                           const DataChannelOptions& channel) {
  if (auto error = create(command)) return error;
  Held& held = held_.at(command.key);
  const val streams = val::array();
  streams.call<void>("push", stream);
  const val init = object_of({{"direction", val("sendonly")}, {"streams", streams}});
  // Both kinds, even without a track: replaceTrack() can then add one without a new negotiation.
  for (const char* kind : {"audio", "video"}) {
    const val track = track_of(stream, kind);
    const Outcome added =
        attempt(held.connection, "addTransceiver", {track.isNull() ? val(kind) : track, init});
    if (!added.ok) return describe_error(added.value);
  }
  const DataChannelOptions reliable{.ordered = true, .max_packet_life_time_ms = {}};
  for (const auto& [label, options] :
       {std::pair(kChannelLabel, channel), std::pair(kChatLabel, reliable)}) {
    const Outcome opened =
        attempt(held.connection, "createDataChannel", {val(label), to_js(options)});
    if (!opened.ok) return describe_error(opened.value);
    adopt_channel(command.key, opened.value);
  }
  return std::nullopt;
}

std::optional<std::string> PeerConnections::create_receiving(
    const session::CreateConnection& command) {
  if (auto error = create(command)) return error;
  val& connection = held_.at(command.key).connection;
  connection.set("ontrack", target_.listener(Event::track_arrived, command.key));
  connection.set("ondatachannel", target_.listener(Event::channel_arrived, command.key));
  return std::nullopt;
}

std::optional<std::string> PeerConnections::create(const session::CreateConnection& command) {
  const Outcome made = attempt_new("RTCPeerConnection", {configuration(command.ice)});
  if (!made.ok) return describe_error(made.value);
  val connection = made.value;
  connection.set("onicecandidate", target_.listener(Event::candidate_found, command.key));
  connection.set("onconnectionstatechange",
                 target_.listener(Event::transport_changed, command.key));
  held_.insert_or_assign(command.key, Held{connection});
  return std::nullopt;
}

void PeerConnections::restart_ice(const session::RestartIce& command) {
  const Held* held = find(command.key);
  if (held == nullptr) return;
  attempt(held->connection, "setConfiguration", {configuration(command.ice)});
  attempt(held->connection, "restartIce", {});
}

void PeerConnections::refresh_ice(const session::RefreshIce& command) {
  const Held* held = find(command.key);
  if (held != nullptr) attempt(held->connection, "setConfiguration", {configuration(command.ice)});
}

void PeerConnections::make_local_description(const session::MakeLocalDescription& command) {
  const Held* held = find(command.key);
  if (held == nullptr) return;
  const bool stereo = command.stereo;
  call_async(target_, held->connection, stereo ? "createAnswer" : "setLocalDescription", {},
             command.key, stereo ? Event::answer_created : Event::local_description_made,
             Event::local_description_failed);
}

void PeerConnections::apply_answer(const ConnectionKey& key, const val& answer) {
  const Held* held = find(key);
  if (held == nullptr) return;
  const std::string sdp = session::receiving_stereo(answer["sdp"].as<std::string>());
  call_async(target_, held->connection, "setLocalDescription",
             {object_of({{"type", val("answer")}, {"sdp", val(sdp)}})}, key,
             Event::local_description_made, Event::local_description_failed);
}

void PeerConnections::apply_remote_description(const ConnectionKey& key, const std::string& sdp) {
  const Held* held = find(key);
  if (held == nullptr) return;
  const char* type = side_ == Side::talker ? "answer" : "offer";
  call_async(target_, held->connection, "setRemoteDescription",
             {object_of({{"type", val(type)}, {"sdp", val(sdp)}})}, key,
             Event::remote_description_applied, Event::remote_description_failed);
}

void PeerConnections::add_candidate(const ConnectionKey& key, const session::Candidate& candidate) {
  const Held* held = find(key);
  if (held == nullptr) return;
  val init = val::null();  // the end of candidates
  if (candidate.candidate) {
    init = object_of({{"candidate", val(*candidate.candidate)},
                      {"sdpMid", or_null(candidate.sdp_mid)},
                      {"sdpMLineIndex", or_null(candidate.sdp_m_line_index)}});
  }
  call_async(target_, held->connection, "addIceCandidate", {init}, key, Event::candidate_added,
             Event::candidate_failed);
}

void PeerConnections::replace_tracks(const ConnectionKey& key, const val& stream) {
  const Held* held = find(key);
  if (held == nullptr) return;
  const val transceivers = held->connection.call<val>("getTransceivers");
  const val replacements = val::array();
  for (int i = 0; i < transceivers["length"].as<int>(); ++i) {
    const val kind = transceivers[i]["receiver"]["track"]["kind"];
    replacements.call<void>("push", transceivers[i]["sender"].call<val>(
                                        "replaceTrack", track_of(stream, kind.as<std::string>())));
  }
  call_async(target_, val::global("Promise"), "all", {replacements}, key, Event::tracks_replaced,
             Event::replacing_failed);
}

void PeerConnections::limit_sending(const session::LimitSending& command) {
  const Held* held = find(command.key);
  if (held == nullptr) return;
  const val sender = video_sender(held->connection);
  if (sender.isNull()) return;
  val parameters = sender.call<val>("getParameters");
  const val encodings = parameters["encodings"];
  if (is_nothing(encodings) || encodings["length"].as<int>() == 0) return;
  val encoding = encodings[0];
  encoding.set("maxBitrate", command.limits.max_bitrate_bps);
  encoding.set("scaleResolutionDownBy", command.limits.scale_resolution_down_by);
  if (command.limits.max_frames_per_second > 0) {
    encoding.set("maxFramerate", command.limits.max_frames_per_second);
  } else {
    encoding.delete_("maxFramerate");
  }
  const bool sharp = command.limits.keep_resolution;
  parameters.set("degradationPreference", std::string(sharp ? "maintain-resolution" : "balanced"));
  call_async(target_, sender, "setParameters", {parameters}, command.key, Event::sending_limited,
             Event::limiting_failed);
}

void PeerConnections::measure(const ConnectionKey& key, Event measured) {
  const Held* held = find(key);
  if (held == nullptr) return;
  call_async(target_, held->connection, "getStats", {}, key, measured, Event::measuring_failed);
}

bool PeerConnections::send_text(const ConnectionKey& key, const std::string& text) {
  const Held* held = find(key);
  return held != nullptr && send_over(held->channel, text);
}

bool PeerConnections::send_chat(const ConnectionKey& key, const std::string& frame) {
  const Held* held = find(key);
  return held != nullptr && send_over(held->chat, frame);
}

void PeerConnections::adopt_channel(const ConnectionKey& key, const val& channel) {
  const auto found = held_.find(key);
  if (found == held_.end()) return;
  const bool chat = channel["label"].strictlyEquals(val(kChatLabel));
  val& held = chat ? found->second.chat : found->second.channel;
  if (!held.isNull() && !held["readyState"].strictlyEquals(val("closed"))) {
    attempt(channel, "close", {});
    return;
  }
  held = channel;
  held.set("onopen", target_.listener(chat ? Event::chat_opened : Event::channel_opened, key));
  held.set("onmessage", target_.listener(chat ? Event::chat_message : Event::channel_message, key));
  held.set("onclose", target_.listener(chat ? Event::chat_closed : Event::channel_closed, key));
  held.set("onerror", target_.listener(Event::channel_failed, key));
}

void PeerConnections::close(const ConnectionKey& key) {
  const auto found = held_.find(key);
  if (found == held_.end()) return;
  auto& [connection, channel, chat] = found->second;
  for (val* each : {&channel, &chat}) {
    if (each->isNull()) continue;
    for (const char* handler : {"onopen", "onmessage", "onclose", "onerror"}) {
      each->set(handler, val::null());
    }
  }
  for (const char* handler :
       {"onicecandidate", "onconnectionstatechange", "ontrack", "ondatachannel"}) {
    connection.set(handler, val::null());
  }
  attempt(connection, "close", {});
  held_.erase(found);
}

std::string PeerConnections::local_sdp(const ConnectionKey& key) const {
  const Held* held = find(key);
  if (held == nullptr) return {};
  const val description = held->connection["localDescription"];
  return is_nothing(description) ? std::string() : description["sdp"].as<std::string>();
}

std::optional<session::TransportState> PeerConnections::transport(const ConnectionKey& key) const {
  using session::TransportState;
  const Held* held = find(key);
  if (held == nullptr) return std::nullopt;
  const auto state = held->connection["connectionState"].as<std::string>();
  for (const TransportState each :
       {TransportState::fresh, TransportState::connecting, TransportState::connected,
        TransportState::disconnected, TransportState::failed}) {
    if (state == name_of(each)) return each;
  }
  return std::nullopt;  // "closed", by us
}

const PeerConnections::Held* PeerConnections::find(const ConnectionKey& key) const {
  const auto found = held_.find(key);
  return found == held_.end() ? nullptr : &found->second;
}

}  // namespace onair::browser
