#include "net/media/media.hpp"

#include <utility>

#include <spdlog/spdlog.h>

namespace onair::net {
namespace {

namespace control = sfu::control;
using boost::beast::http::status;

/// Time-out for a forwarder that is alive but silent: then all that it had counts as lost. A dead
/// one is detected at once.
constexpr std::chrono::seconds kForwarderTimeout{10};

/// How many clients at a time may be between closing their peer connection and their DELETE.
constexpr std::size_t kMostClosed = 256;

MediaAnswer forwarder_is_away() {
  return problem_of(ForwarderClient::Result());
}

}  // namespace

Media::Media(Worker& worker, const std::filesystem::path& forwarder_socket, rooms::Duration grace,
             bool serves_pages, Admission& admission, const std::atomic<bool>& draining)
    : worker_(worker),
      grace_(grace),
      serves_pages_(serves_pages),
      draining_(draining),
      forwarder_(worker, forwarder_socket, *this),
      timeout_(worker.context()),
      admission_(admission) {}

Media::~Media() {
  for (const auto& [link, held] : links_) {
    worker_.disconnected(*held, rooms::Hub::Leaving::perhaps);
  }
}

template <typename Link, typename... Arguments>
std::shared_ptr<Link> Media::create_link(Arguments&&... arguments) {
  const auto link = std::make_shared<Link>(*this, std::forward<Arguments>(arguments)...);
  links_.emplace(link.get(), link);
  return link;
}

void Media::publish(MediaEntry entry, std::string key, std::string offer, const MediaReply& reply) {
  if (!forwarder_.is_here()) return reply(forwarder_is_away());
  const WhipTalker* replaced = nullptr;
  const auto found = talkers_.find(entry.room);
  if (found != talkers_.end()) {
    const WhipTalker& talker = *found->second;
    const bool may_take = talker.note().key == key || entry.pass.holds_for;
    if (!talker.is_silent() || !may_take) {
      worker_.count_refused(protocol::ErrorCode::room_taken);
      return reply(problem(status::conflict, "room_taken", "Somebody else talks in this room."));
    }
    replaced = &talker;
    entry.resumption = rooms::Resumption{talker.id(), rooms::Duration::zero()};
  }
  if (entry.counted_as && !free_slot_for_publication(*entry.counted_as, replaced)) {
    return reply(problem(status::too_many_requests, "too_many_clients",
                         "Too many encoders of this address broadcast.", /*retry_after=*/10));
  }
  create_link<WhipTalker>(std::move(entry), std::move(key))->publish(std::move(offer), reply);
}

bool Media::free_slot_for_publication(const std::string& address, const WhipTalker* replaced) {
  std::size_t count = 0;
  std::shared_ptr<MediaLink> silent;
  for (const auto& [pointer, link] : links_) {
    if (!link->publishes() || link->note().address != address || link.get() == replaced) continue;
    ++count;
    if (link->is_silent()) silent = link;
  }
  if (count < worker_.limits().encoders_per_address) return true;
  if (silent == nullptr) return false;
  silent->deleted();
  return true;
}

void Media::play(MediaEntry entry, std::string offer, const MediaReply& reply) {
  if (!forwarder_.is_here()) return reply(forwarder_is_away());
  create_link<WhepPlayer>(std::move(entry))->play(std::move(offer), reply);
}

std::shared_ptr<MediaLink> Media::find(const media::Target& target) const {
  const auto found = resources_.find(target.resource.value_or(""));
  const auto link = found == resources_.end() ? nullptr : found->second.lock();
  if (!link) return nullptr;
  const auto kind =
      target.standard == media::Standard::whip ? media::Note::Kind::whip : media::Note::Kind::whep;
  return link->note().kind == kind && link->room() == target.room ? link : nullptr;
}

void Media::patch(const media::Target& target, const std::string& if_match,
                  const std::string& fragment, const MediaReply& reply) {
  const auto link = find(target);
  if (link == nullptr || link->peer().empty()) return reply(no_such_resource());
  const media::Patch kind = judge_patch(link->ice_session(), if_match, fragment);
  switch (kind) {
    case media::Patch::bad_fragment:
      return reply(problem(status::bad_request, "bad_sdp", "This is no fragment for ICE."));
    case media::Patch::precondition_missing:
      return reply(problem(status::precondition_required, "if_match_missing",
                           "An ICE restart needs If-Match."));
    case media::Patch::stale:
      return reply(problem(status::precondition_failed, "stale", "ICE has been restarted since."));
    case media::Patch::trickle:
    case media::Patch::restart: return link->patch(kind, fragment, reply);
  }
}

void Media::remove(const media::Target& target, const MediaReply& reply) {
  const bool was_closed = std::erase(closed_, media::path_of(target)) > 0;
  if (const auto link = find(target)) {
    link->deleted();
  } else if (!was_closed) {
    return reply(no_such_resource());
  }
  reply({});
}

void Media::look(const media::Target& target, const MediaReply& reply) {
  reply(find(target) == nullptr ? no_such_resource() : MediaAnswer{.status = status::no_content});
}

/// Sessions live on over a restart: the next server takes them back.
MediaAnswer Media::no_such_resource() const {
  if (draining_) {
    return problem(status::service_unavailable, "draining", "This server is shutting down.",
                   /*retry_after=*/5);
  }
  return problem(status::not_found, "no_such_resource", "This session has ended.");
}

MediaReport Media::report() const {
  MediaReport report{.forwarder_is_here = forwarder_.is_here()};
  for (const auto& [pointer, link] : links_) {
    report.encoders += link->note().kind == media::Note::Kind::whip ? 1 : 0;
    report.players += link->note().kind == media::Note::Kind::whep ? 1 : 0;
  }
  return report;
}

void Media::ask_report(std::function<void(ForwarderReport)> reply) {
  forwarder_.request(
      control::Stats{}, [reply = std::move(reply)](const ForwarderClient::Result& result) {
        const auto* report = result ? std::get_if<control::Report>(&*result) : nullptr;
        reply(report == nullptr ? ForwarderReport() : ForwarderReport(*report));
      });
}

std::shared_ptr<WhipTalker> Media::set_talker(WhipTalker& talker) {
  auto self = std::static_pointer_cast<WhipTalker>(talker.shared_from_this());
  const auto before = std::exchange(talkers_[talker.room()], self);
  return before == self ? nullptr : before;
}

bool Media::publishes(const std::string& room) const {
  const auto talker = talkers_.find(room);
  if (talker != talkers_.end() && talker->second->is_published()) return true;
  const auto feed = feeds_.find(room);
  return feed != feeds_.end() && feed->second->is_ready();
}

Feed& Media::feed_of(const std::string& room) {
  auto& feed = feeds_[room];
  if (!feed) {
    feed = create_link<Feed>(room);
    feed->enter();
  }
  return *feed;
}

void Media::use_forwarder(const std::string& room, const protocol::PeerId& talker, bool on,
                          const std::string& address) {
  if (draining_) return;  // the talker asks the next server
  const auto feed = feeds_.find(room);
  if (on) {
    const bool is_counted = feed != feeds_.end() && feed->second->note().address == address;
    const bool is_new = !address.empty() && !is_counted;
    if (is_new && !free_slot_for_publication(address, nullptr)) return;
    return feed_of(room).hold(talker, address);
  }
  if (feed != feeds_.end()) std::shared_ptr(feed->second)->release(talker);
}

void Media::forget(MediaLink& link) {
  peers_.erase(link.peer());
  resources_.erase(link.note().resource);
  const auto talker = talkers_.find(link.room());
  if (talker != talkers_.end() && talker->second.get() == &link) talkers_.erase(talker);
  const auto feed = feeds_.find(link.room());
  if (feed != feeds_.end()) {
    if (feed->second.get() == &link) {
      feeds_.erase(feed);
    } else {
      feed->second->remove(link);
    }
  }
  links_.erase(&link);
}

// The forwarder.

void Media::on_forwarder_event(const control::Event& event) {
  const auto peer_of = [](const auto& of) -> const std::string& { return of.peer; };
  const auto found = peers_.find(std::visit(peer_of, event));
  if (found == peers_.end()) return;
  const auto link = found->second.lock();
  if (!link) return;
  remember_closed(*link, event);
  link->on_forwarder_event(event);
}

void Media::remember_closed(const MediaLink& link, const control::Event& event) {
  const auto* gone = std::get_if<control::Gone>(&event);
  const media::Note& note = link.note();
  if (gone == nullptr || gone->reason != control::GoneReason::closed) return;
  if (gone->peer != link.peer() || note.resource.empty()) return;
  const auto standard =
      note.kind == media::Note::Kind::whip ? media::Standard::whip : media::Standard::whep;
  closed_.push_back(media::path_of(media::Target{standard, link.room(), note.resource}));
  if (closed_.size() > kMostClosed) closed_.pop_front();
}

/// The log says it once for each time.
void Media::on_forwarder_mismatched() {
  const bool is_replaced = replace_();
  if (std::exchange(is_mismatched_, true)) return;
  if (is_replaced) {
    spdlog::warn("event=forwarder_mismatched action=replace");
  } else {
    spdlog::error(
        "event=forwarder_mismatched action=retry hint=\"onair-forwarder is of another version\"");
  }
}

void Media::on_forwarder_in_use() {
  if (std::exchange(is_in_use_, true)) return;
  spdlog::error(
      "event=forwarder_in_use action=retry hint=\"another server uses it: give each server a "
      "--state-dir and a --media-port of its own\"");
}

void Media::on_forwarder_lost() {
  timeout_.expires_after(kForwarderTimeout);
  timeout_.async_wait([this](error_code error) {
    if (error || forwarder_.is_here()) return;
    worker_.tick().run([this] { on_forwarder_died(); });
  });
}

void Media::on_forwarder_died() {
  timeout_.cancel();
  const auto links = links_;  // some leave by it
  for (const auto& [pointer, link] : links) {
    if (links_.contains(pointer)) link->on_forwarder_died();
  }
}

void Media::end_viewings() {
  const auto feeds = feeds_;  // some leave by it
  for (const auto& [room, feed] : feeds) feed->on_forwarder_died();
}

/// The one function that brings together the forwarder's state and this process's,
/// whichever of the two has been started anew.
void Media::on_forwarder_connected(const std::vector<control::PeerInfo>& peers) {
  timeout_.cancel();
  is_mismatched_ = false;
  is_in_use_ = false;
  std::set<std::string> living;
  for (const control::PeerInfo& peer : peers) living.insert(peer.peer);
  end_those_without(living);
  if (!draining_) take_back(peers);
  worker_.await_forwarder(false);
  const auto feeds = feeds_;
  for (const auto& [room, feed] : feeds) feed->on_forwarder_connected();
}

/// Some have ended while the connection was lost.
void Media::end_those_without(const std::set<std::string>& living) {
  std::vector<std::pair<std::string, std::shared_ptr<MediaLink>>> lost;
  for (const auto& [peer, link] : peers_) {
    if (living.contains(peer)) continue;
    if (auto held = link.lock()) lost.emplace_back(peer, std::move(held));
  }
  for (const auto& [peer, link] : lost) {
    if (!peers_.contains(peer)) continue;  // has left by an earlier one
    link->on_forwarder_event(control::Gone{link->room(), peer, control::GoneReason::silent});
  }
}

void Media::take_back(const std::vector<control::PeerInfo>& peers) {
  std::size_t taken = 0;
  // Talkers come before those who watch them.
  for (const bool publishing : {true, false}) {
    for (const control::PeerInfo& peer : peers) {
      if (peer.publishes != publishing) continue;
      if (const auto known = peers_.find(peer.peer); known != peers_.end()) {
        // The news that it is connected may be lost.
        const auto link = known->second.lock();
        if (link && peer.connected) {
          link->on_forwarder_event(control::Connected{peer.room, peer.peer});
        }
        continue;
      }
      const auto note = media::note_of(peer.note);
      if (!note) continue;
      take_back(peer, *note);
      ++taken;
    }
  }
  if (taken > 0) spdlog::info("event=peers_taken_back count={}", taken);
}

void Media::take_back(const control::PeerInfo& peer, const media::Note& note) {
  MediaEntry entry{.room = peer.room};
  // A member taken back beyond the bound is not counted: it was admitted once. The forwarder's own
  // is no client.
  if (!note.address.empty() && note.kind != media::Note::Kind::feed)
    entry.slots = admission_.readmit(note.address);
  switch (note.kind) {
    case media::Note::Kind::whip:
      return create_link<WhipTalker>(std::move(entry), note.key)->take_back(peer, note);
    case media::Note::Kind::whep:
      return create_link<WhepPlayer>(std::move(entry))->take_back(peer, note);
    case media::Note::Kind::feed: return take_back_feed(peer, note);
    case media::Note::Kind::viewer: return take_back_viewer(peer, note);
  }
}

void Media::take_back_feed(const control::PeerInfo& peer, const media::Note& note) {
  const auto feed = create_link<Feed>(peer.room);
  // A talker may have asked for the forwarder before we knew that it has the broadcast.
  const auto early = std::exchange(feeds_[peer.room], feed);
  feed->take_back(peer, note);
  if (early) early->hand_over_to(*feed);
}

/// One that was removed since the server began stays out, though the forwarder serves it.
void Media::take_back_viewer(const control::PeerInfo& peer, const media::Note& note) {
  if (worker_.is_removed(peer.room, note.other)) return forwarder_.close(peer.peer);
  for (const auto& [pointer, link] : links_) {
    if (link->id() != note.member) continue;
    if (link->note().kind == media::Note::Kind::whip) {
      return static_cast<WhipTalker&>(*link).take_back_viewer(peer, note);
    }
    if (link->note().kind == media::Note::Kind::feed) {
      return static_cast<Feed&>(*link).take_back_viewer(peer, note);
    }
  }
  forwarder_.close(peer.peer);  // whom it watched is gone
}

}  // namespace onair::net
