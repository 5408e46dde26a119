// A Beast body of bytes that either outlive the response or belong to it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional.hpp>

namespace onair::net {

/// Only to be written (Beast's Body and BodyWriter).
struct SharedBody {
  struct value_type {
    std::string_view bytes;
    std::shared_ptr<const std::string> owner = {};  ///< of the bytes, where nobody else is
  };

  static std::uint64_t size(const value_type& body) { return body.bytes.size(); }

  class writer {
   public:
    using const_buffers_type = boost::asio::const_buffer;

    template <bool is_request, typename Fields>
    writer(const boost::beast::http::header<is_request, Fields>&, const value_type& body)
        : body_(body) {}

    void init(boost::beast::error_code& error) { error = {}; }

    boost::optional<std::pair<const_buffers_type, bool>> get(boost::beast::error_code& error) {
      error = {};
      return {{const_buffers_type(body_.bytes.data(), body_.bytes.size()), /*more=*/false}};
    }

   private:
    const value_type& body_;
  };
};

}  // namespace onair::net
