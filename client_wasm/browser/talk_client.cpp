#include "browser/talk_client.hpp"

namespace onair::browser {
namespace {

session::TalkOptions options_for(const PageOptions& page) {
  session::TalkOptions options;
  options.room = page.room;
  options.first_generation = random_number();
  options.backoff_seed = random_number();
  options.resume = page.token;
  const val cores = val::global("navigator")["hardwareConcurrency"];
  if (cores.isNumber()) options.uplink.cores = cores.as<unsigned>();
  return options;
}

double number_in(const val& report, const char* name) {
  const val number = report[name];
  return number.isNumber() ? number.as<double>() : 0.0;
}

/// What an RTCStatsReport says of the picture that is sent.
session::EncoderReport encoder_report(const val& stats) {
  session::EncoderReport found;
  const val reports = val::global("Array").call<val>("from", stats.call<val>("values"));
  for (int i = 0; i < reports["length"].as<int>(); ++i) {
    const val report = reports[i];
    if (!report["kind"].strictlyEquals(val("video"))) continue;
    if (report["type"].strictlyEquals(val("media-source"))) {
      found.source_frames_per_second = number_in(report, "framesPerSecond");
    } else if (report["type"].strictlyEquals(val("outbound-rtp"))) {
      found.limited_by_cpu = report["qualityLimitationReason"].strictlyEquals(val("cpu"));
      found.frames_per_second = number_in(report, "framesPerSecond");
      const double frames = number_in(report, "framesEncoded");
      if (frames > 0) {
        found.encode_milliseconds = 1000.0 * number_in(report, "totalEncodeTime") / frames;
      }
    }
  }
  return found;
}

}  // namespace

TalkClient::TalkClient(val options)
    : Base(PageOptions(options), session::TalkSession(options_for(PageOptions(options))),
           Side::talker),
      captures_(*this, page_.video) {}

void TalkClient::start_video() {
  feed(session::StartRequested{session::MediaSource::camera});
}
void TalkClient::start_screen() {
  feed(session::StartRequested{session::MediaSource::screen});
}
void TalkClient::on_air() {
  feed(session::OnAirRequested{});
}
void TalkClient::stop_video() {
  feed(session::StopRequested{});
}

void TalkClient::perform(const session::CreateConnection& create) {
  const auto error = connections_.create_sending(create, captures_.in_use(), DataChannelOptions{});
  if (error) fail(create.key, session::Step::create_connection, *error);
}

void TalkClient::on_event(Event event, const ConnectionKey& key, const val& payload) {
  const session::CaptureNumber capture = key.generation;
  switch (event) {
    case Event::media_granted:
      captures_.granted(capture, payload);
      return feed(session::MediaReady{capture});
    case Event::media_failed:
      return feed(session::MediaFailed{capture,
                                       Captures::reason_of(payload, captures_.source_of(capture))});
    case Event::media_ended:
      return feed(session::MediaEnded{capture});
    case Event::preview_ready:
      return feed(session::PreviewReady{capture});
    case Event::tracks_replaced:
      return feed(session::TracksReplaced{key});
    case Event::replacing_failed:
      return fail(key, session::Step::replace_tracks, describe_error(payload));
    case Event::sending_limited:
      return feed(session::SendingLimited{key});
    case Event::limiting_failed:
      return fail(key, session::Step::limit_sending, describe_error(payload));
    case Event::sending_measured:
      return feed(session::SendingMeasured{key, encoder_report(payload)});
    default:
      return Base::on_event(event, key, payload);
  }
}

val TalkClient::view_for_page(const session::TalkView& view) {
  return object_of({{"link", val(std::string(name_of(view.link)))},
                    {"stage", val(std::string(name_of(view.stage)))},
                    {"viewers", val(static_cast<double>(view.viewers))},
                    {"connecting", val(static_cast<double>(view.connecting))},
                    {"watching", val(view.watching)},
                    {"uplinkBps", val(static_cast<double>(view.uplink_bps))},
                    {"capacity", val(static_cast<double>(view.capacity))},
                    {"notice", val(std::string(name_of(view.notice)))}});
}

}  // namespace onair::browser
