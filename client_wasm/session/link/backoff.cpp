#include "session/link/backoff.hpp"

#include <algorithm>

namespace onair::session {

Duration Backoff::next() {
  Duration limit = options_.first;
  for (unsigned i = 0; i < tries_ && limit < options_.most; ++i) limit *= 2;
  limit = std::min(limit, options_.most);
  ++tries_;
  std::uniform_int_distribution<Duration::rep> within(limit.count() / 2, limit.count());
  return Duration(within(random_));
}

}  // namespace onair::session
