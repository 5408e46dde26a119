#include "browser/watch_client.hpp"

#include <algorithm>

#include "browser/stats.hpp"

namespace onair::browser {
namespace {

session::WatchOptions options_for(const PageOptions& page) {
  session::WatchOptions options;
  options.room = page.room;
  options.backoff_seed = random_number();
  options.resume = page.token;
  options.token = page.entry_token;
  return options;
}

val sound_of(const val& stream) {
  return val::global("MediaStream").new_(stream.call<val>("getAudioTracks"));
}

/// Puts tracks of `next` into the stream that is shown, whose element so goes on playing.
void exchange(const val& shown, const val& next, const char* get_tracks) {
  const val before = shown.call<val>(get_tracks);
  for_each(next.call<val>(get_tracks),
           [&](const val& track) { attempt(shown, "addTrack", {track}); });
  for_each(before, [&](const val& track) { attempt(shown, "removeTrack", {track}); });
}

}  // namespace

WatchClient::WatchClient(val options)
    : Base(PageOptions(options), session::WatchSession(options_for(PageOptions(options))),
           Side::watcher) {}

void WatchClient::perform(const session::CreateConnection& create) {
  if (const auto error = connections_.create_receiving(create)) {
    fail(create.key, session::Step::create_connection, *error);
  }
}

void WatchClient::perform(const session::CloseConnection& close) {
  streams_.erase(close.key);
  Base::perform(close);
}

void WatchClient::perform(const session::AttachStream& show) {
  const auto found = streams_.find(show.key);
  if (found == streams_.end()) return;
  Received& received = found->second;
  received.has_picture = show.picture;
  received.shown = show.picture ? received.stream : sound_of(received.stream);
  if (in_video_ && *in_video_ != show.key) {
    const std::string id = tile_id_for(show.key);
    in_tiles_.insert_or_assign(show.key, id);
    return call_page(page_.tile, {val(id), received.shown});
  }
  in_video_ = show.key;
  page_.video.set("srcObject", received.shown);
}

/// The peer's id, unless another tile has it: one that began with this peer, and then moved.
std::string WatchClient::tile_id_for(const ConnectionKey& key) const {
  const auto is_taken = [this, &key](const std::string& id) {
    return std::any_of(in_tiles_.begin(), in_tiles_.end(),
                       [&](const auto& tile) { return tile.first != key && tile.second == id; });
  };
  std::string id = key.peer;
  for (int copy = 2; is_taken(id); ++copy) id = key.peer + "-" + std::to_string(copy);
  return id;
}

void WatchClient::perform(const session::SwitchStream& change) {
  const auto from = streams_.find(change.from);
  const auto to = streams_.find(change.to);
  if (from == streams_.end() || to == streams_.end()) return;
  if (auto tile = in_tiles_.extract(change.from)) {
    tile.key() = change.to;
    in_tiles_.insert(std::move(tile));
  } else if (in_video_ == change.from) {
    in_video_ = change.to;
  } else {
    return;
  }
  Received& before = from->second;
  Received& after = to->second;
  if (before.shown.strictlyEquals(before.stream)) {
    // The session may switch back, and the shown stream is about to lose these tracks.
    const Outcome own = attempt_new("MediaStream", {before.stream.call<val>("getTracks")});
    if (own.ok) before.stream = own.value;
  }
  after.has_picture = before.has_picture;
  after.shown = before.shown;
  if (after.has_picture) exchange(after.shown, after.stream, "getVideoTracks");
  if (!crossfade(after.shown, after.stream.call<val>("getAudioTracks"))) exchange_sound(change.to);
}

void WatchClient::exchange_sound(const ConnectionKey& key) {
  const Received& received = streams_.at(key);
  val video = in_video_ == key ? page_.video : val::object();
  // Chromium plays a track that it shows no more at its last volume, until the connection closes.
  const val volume = video["volume"];
  video.set("volume", 0);
  exchange(received.shown, received.stream, "getAudioTracks");
  video.set("volume", volume);
}

bool WatchClient::crossfade(const val& shown, const val& sound) {
  if (is_nothing(page_.crossfade)) return false;
  const Outcome begun = attempt(page_.crossfade, "call", {val::null(), shown, sound});
  if (!begun.ok) report(begun.value);
  return begun.ok && begun.value.isTrue();
}

void WatchClient::perform(const session::DetachStream& clear) {
  if (const auto tile = in_tiles_.extract(clear.key)) {
    return call_page(page_.tile, {val(tile.mapped()), val::null()});
  }
  if (in_video_ != clear.key) return;
  in_video_.reset();
  page_.video.set("srcObject", val::null());
  if (in_tiles_.empty()) return;
  // The first of the others moves into the <video>.
  const ConnectionKey next = in_tiles_.begin()->first;
  perform(session::DetachStream{next});
  in_video_ = next;
  page_.video.set("srcObject", streams_.at(next).shown);
}

void WatchClient::on_event(Event event, const ConnectionKey& key, const val& payload) {
  if (event == Event::receiving_measured) {
    return feed(session::ReceivingMeasured{key, receiving_report(payload)});
  }
  if (event != Event::track_arrived) return Base::on_event(event, key, payload);
  take_track(key, payload);
}

/// Shows all tracks of a connection as one stream. Ours come in one; a talker of another make may
/// send each in a stream of its own, or in none (webrtc-pc, addTransceiver without streams). The
/// audio and video events come separately; one TrackArrived is enough.
void WatchClient::take_track(const ConnectionKey& key, const val& event) {
  const auto known = streams_.find(key);
  const bool is_first = known == streams_.end();
  val stream = is_first ? event["streams"][0] : known->second.stream;
  if (is_nothing(stream)) {
    const Outcome made = attempt_new("MediaStream", {});
    if (!made.ok)
      return fail(key, session::Step::apply_remote_description, describe_error(made.value));
    stream = made.value;
  }
  const val track = event["track"];
  if (!stream.call<val>("getTracks").call<bool>("includes", track)) {
    attempt(stream, "addTrack", {track});
  }
  if (!is_first) return;
  streams_.emplace(key, Received{stream});
  feed(session::TrackArrived{key});
}

val WatchClient::view_for_page(const session::WatchView& view) {
  val reception = val::null();
  if (const auto& seen = view.reception) {
    reception = object_of({{"quality", val(std::string(name_of(seen->quality)))},
                           {"bitsPerSecond", val(seen->bits_per_second)},
                           {"loss", val(seen->loss)},
                           {"latency", or_null(seen->latency_ms)},
                           {"width", val(seen->width)},
                           {"height", val(seen->height)},
                           {"framesPerSecond", val(seen->frames_per_second)},
                           {"codec", val(seen->codec)},
                           {"relayed", val(seen->via_turn)}});
  }
  return object_of({{"link", val(std::string(name_of(view.link)))},
                    {"refusal", val(view.refusal)},
                    {"name", view.name ? val(*view.name) : val::null()},
                    {"picture", val(std::string(name_of(view.picture)))},
                    {"notice", val(std::string(name_of(view.notice)))},
                    {"chatOpen", val(view.chat_open)},
                    {"chatMuted", val(view.chat_muted)},
                    {"pictureSent", val(std::string(name_of(view.sends.picture)))},
                    {"soundSent", val(std::string(name_of(view.sends.sound)))},
                    {"forwarded", val(view.forwarded)},
                    {"reception", reception}});
}

}  // namespace onair::browser
