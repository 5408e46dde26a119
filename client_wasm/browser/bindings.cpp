// The client's interface for pages.
#include <emscripten/bind.h>

#include "browser/events.hpp"
#include "browser/javascript.hpp"
#include "browser/recording.hpp"
#include "browser/talk_client.hpp"
#include "browser/watch_client.hpp"
#include "protocol/room_name.hpp"

namespace {

using emscripten::class_;
using emscripten::val;
using onair::browser::Recording;
using onair::browser::TalkClient;
using onair::browser::WatchClient;
using onair::browser::WebmFile;

/// Returns {room} for a page's location.search, or {error} with a sentence for people.
val room_of_query(const std::string& query) {
  const auto room = onair::protocol::room_of_query(query);
  if (const auto* refusal = std::get_if<onair::protocol::Refusal>(&room)) {
    return onair::browser::object_of({{"error", val(refusal->message)}});
  }
  return onair::browser::object_of({{"room", val(std::get<std::string>(room))}});
}

/// Binds the functions of both sides. The casts turn a base class's functions into the class's own,
/// which embind requires.
template <typename Client>
class_<Client> bind_client(const char* name) {
  return class_<Client>(name)
      .template constructor<val>()
      .function("start", static_cast<void (Client::*)()>(&Client::start))
      .function("wake", static_cast<void (Client::*)()>(&Client::wake))
      .function("leave", static_cast<void (Client::*)()>(&Client::leave))
      .function("sendText", static_cast<void (Client::*)(const std::string&)>(&Client::send_text))
      .function("say",
                static_cast<void (Client::*)(const std::string&, const std::string&)>(&Client::say))
      .function("view", static_cast<val (Client::*)() const>(&Client::view));
}

}  // namespace

EMSCRIPTEN_BINDINGS(onair) {
  emscripten::function(onair::browser::kDispatchName, &onair::browser::dispatch);
  emscripten::function("roomOfQuery", &room_of_query);

  bind_client<TalkClient>("TalkClient")
      .function("startVideo", &TalkClient::start_video)
      .function("startScreen", &TalkClient::start_screen)
      .function("preview", &TalkClient::preview)
      .function("choose", &TalkClient::choose)
      .function("switchMicrophone", &TalkClient::switch_microphone)
      .function("switchCamera", &TalkClient::switch_camera)
      .function("removeChatLine", &TalkClient::remove_chat_line)
      .function("mute", &TalkClient::mute)
      .function("onAir", &TalkClient::on_air)
      .function("stopVideo", &TalkClient::stop_video)
      .function("lockRoom", &TalkClient::lock_room)
      .function("removeViewer", &TalkClient::remove_viewer)
      .function("endRoom", &TalkClient::end_room);

  bind_client<WatchClient>("WatchClient").function("request", &WatchClient::request);

  class_<Recording>("Recording")
      .constructor<val>()
      .function("press", &Recording::press)
      .function("streamReplaced", &Recording::stream_replaced)
      .function("streamGone", &Recording::stream_gone)
      .function("storeOpened", &Recording::store_opened)
      .function("storeRefused", &Recording::store_refused)
      .function("pieceRecorded", &Recording::piece_recorded)
      .function("pieceStored", &Recording::piece_stored)
      .function("storingFailed", &Recording::storing_failed)
      .function("recorderStopped", &Recording::recorder_stopped)
      .function("recorderFailed", &Recording::recorder_failed)
      .function("fileSaved", &Recording::file_saved)
      .function("savingFailed", &Recording::saving_failed)
      .function("view", &Recording::view);

  class_<WebmFile>("WebmFile")
      .constructor<>()
      .function("read", &WebmFile::read)
      .function("header", &WebmFile::header);
}
