// The broadcaster's interface for its page, with the recording.
#include "browser/bindings.hpp"
#include "browser/recording.hpp"
#include "browser/talk_client.hpp"

EMSCRIPTEN_BINDINGS(onair_talk) {
  using emscripten::class_;
  using emscripten::val;
  using onair::browser::Recording;
  using onair::browser::TalkClient;
  using onair::browser::WebmFile;

  onair::browser::bind_client<TalkClient>("TalkClient")
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
      .function("keepDirect", &TalkClient::keep_direct)
      .function("removeViewer", &TalkClient::remove_viewer)
      .function("endRoom", &TalkClient::end_room);

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
      .function("recorderSilent", &Recording::recorder_silent)
      .function("fileSaved", &Recording::file_saved)
      .function("savingFailed", &Recording::saving_failed)
      .function("fileDropped", &Recording::file_dropped)
      .function("fileFound", &Recording::file_found)
      .function("saveKept", &Recording::save_kept)
      .function("deleteKept", &Recording::delete_kept)
      .function("view", &Recording::view);

  class_<WebmFile>("WebmFile")
      .constructor<>()
      .function("read", &WebmFile::read)
      .function("header", &WebmFile::header);
}
