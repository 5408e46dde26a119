#include "browser/stats.hpp"

#include <optional>
#include <string>

#include "browser/javascript.hpp"

namespace onair::browser {
namespace {

double number_in(const val& report, const char* name) {
  const val number = report[name];
  return number.isNumber() ? number.as<double>() : 0.0;
}

std::uint64_t count_in(const val& report, const char* name) {
  const double number = number_in(report, name);
  return number > 0 ? static_cast<std::uint64_t>(number) : 0;
}

bool is(const val& report, const char* name, const char* value) {
  return report[name].strictlyEquals(val(value));
}

val reports_in(const val& stats) {
  return val::global("Array").call<val>("from", stats.call<val>("values"));
}

/// Round trip of the candidate pair in use, in milliseconds.
std::optional<double> round_trip_of(const val& report) {
  if (!is(report, "type", "candidate-pair") || !report["nominated"].isTrue()) return std::nullopt;
  const val seconds = report["currentRoundTripTime"];
  if (!seconds.isNumber()) return std::nullopt;
  return 1'000 * seconds.as<double>();
}

}  // namespace

session::EncoderReport encoder_report(const val& stats) {
  session::EncoderReport found;
  for_each(reports_in(stats), [&found](const val& report) {
    if (!is(report, "kind", "video")) return;
    if (is(report, "type", "media-source")) {
      found.source_frames_per_second = number_in(report, "framesPerSecond");
      found.source = {static_cast<std::uint32_t>(count_in(report, "width")),
                      static_cast<std::uint32_t>(count_in(report, "height"))};
    } else if (is(report, "type", "outbound-rtp")) {
      found.limited_by_cpu = is(report, "qualityLimitationReason", "cpu");
      found.frames_per_second = number_in(report, "framesPerSecond");
      found.frames_encoded = number_in(report, "framesEncoded");
      found.encode_seconds = number_in(report, "totalEncodeTime");
    }
  });
  return found;
}

session::SendingReport sending_report(const val& stats) {
  session::SendingReport found;
  for_each(reports_in(stats), [&found](const val& report) {
    if (is(report, "type", "outbound-rtp")) found.bytes += number_in(report, "bytesSent");
    if (const auto round_trip = round_trip_of(report)) found.round_trip_ms = round_trip;
    if (is(report, "type", "remote-inbound-rtp") && is(report, "kind", "video") &&
        report["fractionLost"].isNumber()) {
      found.loss = report["fractionLost"].as<double>();
    }
  });
  return found;
}

session::ReceivingReport receiving_report(const val& stats) {
  session::ReceivingReport found;
  for_each(reports_in(stats), [&found, &stats](const val& report) {
    if (const auto round_trip = round_trip_of(report)) {
      found.round_trip_ms = round_trip;
      const val local = stats.call<val>("get", report["localCandidateId"]);
      const val remote = stats.call<val>("get", report["remoteCandidateId"]);
      for (const val& candidate : {local, remote}) {
        if (!is_nothing(candidate) && is(candidate, "candidateType", "relay"))
          found.via_turn = true;
      }
    }
    if (!is(report, "type", "inbound-rtp")) return;
    found.bytes += number_in(report, "bytesReceived");
    found.packets += number_in(report, "packetsReceived");
    found.packets_lost += number_in(report, "packetsLost");  // negative if packets came twice
    if (is(report, "kind", "audio")) found.sound_packets = count_in(report, "packetsReceived");
    if (!is(report, "kind", "video")) return;
    found.jitter_buffer_seconds = number_in(report, "jitterBufferDelay");
    found.frames_decoded = count_in(report, "framesDecoded");
    found.frames_played = number_in(report, "jitterBufferEmittedCount");
    found.width = static_cast<std::uint32_t>(count_in(report, "frameWidth"));
    found.height = static_cast<std::uint32_t>(count_in(report, "frameHeight"));
    found.frames_per_second = number_in(report, "framesPerSecond");
    const val codec = stats.call<val>("get", report["codecId"]);
    if (!is_nothing(codec) && codec["mimeType"].isString()) {
      found.codec = codec["mimeType"].as<std::string>();
    }
  });
  return found;
}

}  // namespace onair::browser
