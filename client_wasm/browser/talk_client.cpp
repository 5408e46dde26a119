#include "browser/talk_client.hpp"

#include "browser/stats.hpp"

namespace onair::browser {
namespace {

session::TalkOptions options_for(const PageOptions& page) {
  session::TalkOptions options;
  options.room = page.room;
  options.first_generation = random_number();
  options.backoff_seed = random_number();
  options.resume = page.token;
  options.token = page.entry_token;
  const val cores = val::global("navigator")["hardwareConcurrency"];
  if (cores.isNumber()) options.uplink.cores = cores.as<unsigned>();
  return options;
}

session::MediaChoice choice_of(const val& choice) {
  using session::PictureSize;
  session::MediaChoice chosen{choice["camera"].as<std::string>(),
                              choice["microphone"].as<std::string>()};
  for (const auto size : {PictureSize::small, PictureSize::standard, PictureSize::large}) {
    if (choice["size"].strictlyEquals(val(std::string(name_of(size))))) chosen.size = size;
  }
  if (choice["sound"].strictlyEquals(val("music"))) chosen.sound = session::SoundMode::music;
  return chosen;
}

val to_js(const session::ViewerView& viewer) {
  return object_of(
      {{"id", val(viewer.id)},
       {"number", val(viewer.number)},
       {"name", val(viewer.name)},
       {"state", val(std::string(name_of(viewer.state)))},
       {"muted", val(viewer.muted)},
       {"bitsPerSecond", val(viewer.bits_per_second)},
       {"roundTrip", or_null(viewer.round_trip_ms)},
       {"loss", or_null(viewer.loss)},
       {"latency", or_null(viewer.latency_ms)},
       {"quality", viewer.quality ? val(std::string(name_of(*viewer.quality))) : val::null()},
       {"players", or_null(viewer.players)}});
}

val to_js(const std::optional<session::ReceptionSums>& sums) {
  if (!sums) return val::null();
  return object_of({{"good", val(static_cast<double>(sums->good))},
                    {"fair", val(static_cast<double>(sums->fair))},
                    {"poor", val(static_cast<double>(sums->poor))},
                    {"unknown", val(static_cast<double>(sums->unknown))}});
}

val to_js(const session::Device& device) {
  const bool camera = device.kind == session::DeviceKind::camera;
  return object_of({{"kind", val(camera ? "camera" : "microphone")},
                    {"id", val(device.id)},
                    {"label", val(device.label)}});
}

val to_js(const session::MediaChoice& choice) {
  return object_of({{"camera", val(choice.camera)},
                    {"microphone", val(choice.microphone)},
                    {"size", val(std::string(name_of(choice.size)))},
                    {"sound", val(std::string(name_of(choice.sound)))}});
}

template <typename Value>
val list_of(const std::vector<Value>& values) {
  const val list = val::array();
  for (const Value& value : values) list.call<void>("push", to_js(value));
  return list;
}

}  // namespace

TalkClient::TalkClient(val options)
    : Base(PageOptions(options), session::TalkSession(options_for(PageOptions(options))),
           Side::talker),
      captures_(*this, page_.video) {}

void TalkClient::choose(val choice) {
  feed(session::MediaChosen{choice_of(choice)});
}

void TalkClient::perform(const session::CreateConnection& create) {
  const auto error = connections_.create_sending(create, captures_.in_use(), DataChannelOptions{});
  if (error) fail(create.key, session::Step::create_connection, *error);
}

void TalkClient::on_event(Event event, std::monostate page, const val& payload) {
  if (event == Event::devices_changed) return feed(session::DevicesChanged{});
  if (event == Event::devices_listed) {
    return feed(session::DevicesListed{Captures::devices_in(payload)});
  }
  using session::DeviceKind;
  switch (event) {
    case Event::camera_permission:
      return captures_.watch_permission(payload, Event::camera_permission_changed);
    case Event::microphone_permission:
      return captures_.watch_permission(payload, Event::microphone_permission_changed);
    case Event::camera_permission_changed: return permission_changed(DeviceKind::camera, payload);
    case Event::microphone_permission_changed:
      return permission_changed(DeviceKind::microphone, payload);
    default: return Base::on_event(event, page, payload);
  }
}

void TalkClient::permission_changed(session::DeviceKind kind, const val& event) {
  const val status = event["target"];
  if (is_nothing(status) || !status["state"].strictlyEquals(val("granted"))) return;
  feed(session::PermissionGranted{kind});
}

void TalkClient::on_event(Event event, CaptureTag tag, const val& payload) {
  switch (event) {
    case Event::media_granted: return media_granted(tag.number, payload);
    case Event::media_failed: return media_failed(tag.number, payload);
    case Event::media_ended:
      return feed(session::MediaEnded{tag.number, Captures::kind_of(payload)});
    case Event::media_muted:
    case Event::media_unmuted:
      return feed(
          session::MediaMuted{tag.number, Captures::kind_of(payload), event == Event::media_muted});
    case Event::preview_ready: return feed(session::PreviewReady{tag.number});
    default: return;
  }
}

void TalkClient::on_event(Event event, const ConnectionKey& key, const val& payload) {
  switch (event) {
    case Event::tracks_replaced: return feed(session::TracksReplaced{key});
    case Event::replacing_failed:
      return fail(key, session::Step::replace_tracks, describe_error(payload));
    case Event::sending_limited: return feed(session::SendingLimited{key});
    case Event::limiting_failed:
      return fail(key, session::Step::limit_sending, describe_error(payload));
    case Event::sending_measured:
      return feed(session::SendingMeasured{key, encoder_report(payload), sending_report(payload)});
    default: return Base::on_event(event, key, payload);
  }
}

void TalkClient::media_granted(session::CaptureNumber capture, const val& stream) {
  feed(captures_.granted(capture, stream));
  for (const session::DeviceKind kind : captures_.muted_in(capture)) {
    feed(session::MediaMuted{capture, kind, true});
  }
}

void TalkClient::media_failed(session::CaptureNumber capture, const val& error) {
  const session::Notice reason = Captures::reason_of(error, captures_.source_of(capture));
  captures_.release({capture});
  feed(session::MediaFailed{capture, reason});
}

val TalkClient::view_for_page(const session::TalkView& view) {
  return object_of(
      {{"link", val(std::string(name_of(view.link)))},
       {"refusal", val(view.refusal)},
       {"stage", val(std::string(name_of(view.stage)))},
       {"viewers", val(static_cast<double>(view.viewers))},
       {"connecting", val(static_cast<double>(view.connecting))},
       {"watching", val(view.watching)},
       {"uplinkBps", val(static_cast<double>(view.uplink_bps))},
       {"capacity", val(static_cast<double>(view.capacity))},
       {"audience", list_of(view.audience)},
       {"reception", to_js(view.reception)},
       {"onAirSince", view.on_air_since
                          ? val(static_cast<double>(view.on_air_since->time_since_epoch().count()))
                          : val::null()},
       {"sharesScreen", val(view.shares_screen)},
       {"picture", val(std::string(name_of(view.picture)))},
       {"microphone", val(std::string(name_of(view.microphone)))},
       {"microphoneOn", val(view.microphone_on)},
       {"cameraOn", val(view.camera_on)},
       {"locked", val(view.locked)},
       {"forwarding", val(std::string(name_of(view.forwarding)))},
       {"forwarded", val(static_cast<double>(view.forwarded))},
       {"canForward", val(view.can_forward)},
       {"keepsDirect", val(view.keeps_direct)},
       {"devices", list_of(view.devices)},
       {"choice", to_js(view.choice)},
       {"notice", val(std::string(name_of(view.notice)))}});
}

}  // namespace onair::browser
