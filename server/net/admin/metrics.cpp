#include "net/admin/metrics.hpp"

#include <malloc.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <utility>

#include "net/media/media.hpp"
#include "net/nats/cluster_node.hpp"

namespace onair::net {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

/// Collects families of counters and gauges.
class Families {
 public:
  explicit Families(const std::vector<WorkerReport>& reports) : reports_(reports) {}

  void begin(const char* name, const char* help, MetricType type) {
    families_.push_back({name, help, type, {}});
  }

  /// The sum over all workers, with one label where it has a name.
  template <typename Read>
  void sum(Read read, const std::string& label = {}, std::string_view value = {}) {
    double total = 0;
    for (const WorkerReport& report : reports_) total += static_cast<double>(read(report));
    set(total, label, value);
  }

  void set(double number, const std::string& label = {}, std::string_view value = {}) {
    prometheus::ClientMetric metric;
    if (!label.empty()) metric.label.push_back({label, std::string(value)});
    if (families_.back().type == MetricType::Counter) {
      metric.counter.value = number;
    } else {
      metric.gauge.value = number;
    }
    families_.back().metric.push_back(std::move(metric));
  }

  template <typename Read>
  void gauge(const char* name, const char* help, Read read) {
    begin(name, help, MetricType::Gauge);
    sum(read);
  }

  template <typename Read>
  void counter(const char* name, const char* help, Read read) {
    begin(name, help, MetricType::Counter);
    sum(read);
  }

  const std::vector<MetricFamily>& all() const { return families_; }

 private:
  const std::vector<WorkerReport>& reports_;
  std::vector<MetricFamily> families_;
};

void add_traffic(Families& families) {
  const auto for_each_kind = [&families](auto read) {
    for (std::size_t kind = 0; kind <= protocol::kKindCount; ++kind) {
      families.sum(
          [kind, read](const WorkerReport& report) {
            return read(report.counters.relayed.at(kind));
          },
          "type", kind < protocol::kKindCount ? protocol::type_of_kind(kind) : "other");
    }
  };
  families.begin("onair_frames_total", "Frames that clients sent in a room, by type.",
                 MetricType::Counter);
  for_each_kind([](const auto& traffic) { return traffic.frames; });
  families.begin("onair_frame_bytes_total", "Bytes of these frames, by type.", MetricType::Counter);
  for_each_kind([](const auto& traffic) { return traffic.bytes; });
  families.begin("onair_refused_total",
                 "Frames and requests of clients that were refused, by error code.",
                 MetricType::Counter);
  for (const protocol::ErrorCode code : protocol::kAllErrorCodes) {
    families.sum(
        [code](const WorkerReport& report) {
          return report.counters.refused.at(static_cast<std::size_t>(code));
        },
        "code", name_of(code));
  }
}

void add_evictions(Families& families) {
  families.begin("onair_evictions_total", "Clients that were cut off, by reason.",
                 MetricType::Counter);
  families.sum([](const auto& report) { return report.slow_consumers; }, "reason", "slow_consumer");
  families.sum([](const auto& report) { return report.counters.rate_cuts; }, "reason", "rate");
  families.sum([](const auto& report) { return report.never_entered; }, "reason", "never_entered");
}

void add_media(Families& families, const MediaReport& report) {
  const auto set = [&families](const char* name, const char* help, auto number) {
    families.begin(name, help, MetricType::Gauge);
    families.set(static_cast<double>(number));
  };
  set("onair_forwarder_connected", "1 while the media server is there.",
      report.forwarder_is_here ? 1 : 0);
  set("onair_whip_encoders", "Encoders that broadcast by WHIP.", report.encoders);
  set("onair_whep_players", "Players that watch by WHEP.", report.players);
}

void add_forwarder(Families& families, const sfu::control::Report& report) {
  const auto set = [&families](const char* name, const char* help, MetricType type, auto number) {
    families.begin(name, help, type);
    families.set(static_cast<double>(number));
  };
  const sfu::control::Traffic& total = report.total;
  set("onair_forwarder_viewers", "Pages and players that get a picture from the media server.",
      MetricType::Gauge, total.viewers);
  set("onair_forwarder_packets_in_total", "Packets of broadcasts that came to the media server.",
      MetricType::Counter, total.packets_in);
  set("onair_forwarder_packets_out_total", "Packets that the media server sent to viewers.",
      MetricType::Counter, total.packets_out);
  set("onair_forwarder_bytes_in_total", "Bytes of the former.", MetricType::Counter,
      total.bytes_in);
  set("onair_forwarder_bytes_out_total", "Bytes of the latter.", MetricType::Counter,
      total.bytes_out);
  set("onair_forwarder_key_frames_asked_total", "Key frames that were asked of broadcasters.",
      MetricType::Counter, total.key_frames_asked);
  set("onair_forwarder_packets_dropped_total",
      "Packets that a full or failing socket of the media server did not take.",
      MetricType::Counter, report.packets_dropped);
  set("onair_forwarder_cpu_seconds_total", "Processor time of the media server.",
      MetricType::Counter, report.cpu_seconds);
}

void add_bus(Families& families, const ClusterReport& report) {
  const auto set = [&families](const char* name, const char* help, MetricType type, auto number) {
    families.begin(name, help, type);
    families.set(static_cast<double>(number));
  };
  set("onair_bus_connected", "1 while the bus to other machines is there.", MetricType::Gauge,
      report.connected ? 1 : 0);
  set("onair_bus_leases", "1 while JetStream decides who may talk.", MetricType::Gauge,
      report.has_leases ? 1 : 0);
  set("onair_bus_processes", "Other processes on it.", MetricType::Gauge, report.processes);
  set("onair_bus_published_total", "Messages to it.", MetricType::Counter,
      report.counters.published);
  set("onair_bus_received_total", "Messages from it.", MetricType::Counter,
      report.counters.received);
  set("onair_bus_frames_received_total", "Of these, frames of rooms.", MetricType::Counter,
      report.counters.frames_received);
  set("onair_bus_foreign_total", "Invalid messages on our subjects.", MetricType::Counter,
      report.counters.foreign);
}

}  // namespace

std::string metrics_text(const std::vector<WorkerReport>& reports,
                         const std::optional<sfu::control::Report>& forwarder,
                         const ServerContext& server) {
  Families families(reports);
  families.begin("onair_connections", "TCP connections.", MetricType::Gauge);
  families.set(static_cast<double>(server.admission.connections()));
  families.begin("onair_heap_bytes", "Memory in use.", MetricType::Gauge);
  families.set(static_cast<double>(mallinfo2().uordblks));
  families.gauge("onair_websockets", "WebSockets.",
                 [](const auto& r) { return r.clients - r.polling - r.media; });
  families.gauge("onair_polling_clients", "Clients of socket.io over HTTP long-polling.",
                 [](const auto& r) { return r.polling; });
  families.gauge("onair_peers", "Members of rooms.", [](const auto& r) { return r.census.peers; });
  families.gauge("onair_peers_away", "Members that lost their connection and may come back.",
                 [](const auto& r) { return r.census.away; });
  families.gauge("onair_kept_bytes",
                 "Bytes of frames buffered for these members until they are back.",
                 [](const auto& r) { return r.census.kept_bytes; });
  families.gauge("onair_rooms", "Rooms, each once for every thread that serves it.",
                 [](const auto& r) { return r.census.rooms; });
  families.gauge("onair_rooms_on_air", "Rooms with a talker on air, counted once per thread.",
                 [](const auto& r) { return r.census.rooms_on_air; });
  families.gauge("onair_send_queue_bytes", "Bytes that wait to be written to clients.",
                 [](const auto& r) { return r.queue_bytes; });
  families.counter("onair_deliveries_total", "Frames handed to clients.",
                   [](const auto& r) { return r.counters.deliveries; });
  families.counter("onair_entered_total", "Entries into rooms.",
                   [](const auto& r) { return r.counters.entered; });
  families.counter("onair_resumed_total", "Entries by a resume token that held.",
                   [](const auto& r) { return r.counters.resumed; });
  if (server.media != nullptr) add_media(families, server.media->report());
  if (forwarder) add_forwarder(families, *forwarder);
  add_evictions(families);
  add_traffic(families);
  if (server.cluster != nullptr) add_bus(families, server.cluster->report());
  return prometheus::TextSerializer().Serialize(families.all());
}

}  // namespace onair::net
