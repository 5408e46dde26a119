// Owning pointers to OpenSSL's objects.
#pragma once

#include <memory>

namespace onair::sfu {

template <auto kFree>
struct OpensslFree {
  template <typename Object>
  void operator()(Object* object) const {
    kFree(object);
  }
};

/// For example OpensslPtr<X509, X509_free>.
template <typename Object, auto kFree>
using OpensslPtr = std::unique_ptr<Object, OpensslFree<kFree>>;

}  // namespace onair::sfu
