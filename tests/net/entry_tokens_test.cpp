#include "net/auth/entry_tokens.hpp"

#include <cstdlib>
#include <jwt.h>
#include <memory>
#include <stdexcept>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

namespace onair::net {
namespace {

using protocol::Enter;
using protocol::Role;
using std::chrono::seconds;
using std::chrono::system_clock;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

template <typename Write>
std::string pem_of(EVP_PKEY* key, Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  write(out.get(), key);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

struct KeyPair {
  explicit KeyPair(EVP_PKEY* made) : key(made, &EVP_PKEY_free) {}
  std::string public_pem() const {
    return pem_of(key.get(), [](BIO* out, EVP_PKEY* it) { PEM_write_bio_PUBKEY(out, it); });
  }
  std::string private_pem() const {
    return pem_of(key.get(), [](BIO* out, EVP_PKEY* it) {
      PEM_write_bio_PrivateKey(out, it, nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  Key key;
};

const KeyPair& rsa() {
  static const KeyPair pair(EVP_RSA_gen(2048));
  return pair;
}
const KeyPair& p256() {
  static const KeyPair pair(EVP_EC_gen("P-256"));
  return pair;
}

class EntryTokensTest : public testing::Test {
 protected:
  EntryTokens::WallClock clock() {
    return [this] { return now; };
  }
  EntryTokens tokens(const SigningKeys& keys, Auth auth = Auth::all) {
    return {auth, keys, seconds(5), clock()};
  }
  std::string minted(const std::string& private_key = {}) {
    return mint({"lesson", Role::watch, now + seconds(60), "Hanako"}, secret, private_key);
  }
  /// A token of any header and claims, whether they make sense or not.
  std::string made(jwt_alg_t algorithm, const std::string& key, const std::string& claims) {
    jwt_t* jwt = nullptr;
    EXPECT_EQ(jwt_new(&jwt), 0);
    EXPECT_EQ(jwt_add_grants_json(jwt, claims.c_str()), 0);
    EXPECT_EQ(
        jwt_set_alg(jwt, algorithm,
                    algorithm == JWT_ALG_NONE ? nullptr
                                              : reinterpret_cast<const unsigned char*>(key.data()),
                    algorithm == JWT_ALG_NONE ? 0 : static_cast<int>(key.size())),
        0);
    char* text = jwt_encode_str(jwt);
    std::string token = text == nullptr ? "" : text;
    std::free(text);
    jwt_free(jwt);
    return token;
  }
  static std::string claims(long exp, const std::string& more = "") {
    return R"({"room":"lesson","role":"watch","exp":)" + std::to_string(exp) + more + "}";
  }
  static Enter enter(std::optional<std::string> token, Role role = Role::watch,
                     const std::string& room = "lesson") {
    Enter asked{room, role};
    asked.token = std::move(token);
    return asked;
  }
  /// "in", or the error.
  static std::string outcome(const EntryTokens& door, const Enter& asked) {
    const auto answer = door.check(asked);
    const auto* refusal = std::get_if<protocol::Refusal>(&answer);
    return refusal == nullptr ? "in" : std::string(name_of(refusal->code));
  }

  system_clock::time_point now{seconds(1'790'000'000)};
  const long at = 1'790'000'000;
  const std::string secret = "a secret of at least thirty-two bytes";
};

TEST_F(EntryTokensTest, AskForATokenAsTheOperatorChose) {
  EXPECT_EQ(outcome(tokens({}, Auth::open), enter({}, Role::talk)), "in");
  const EntryTokens talk = tokens({secret, {}}, Auth::talk);
  EXPECT_EQ(outcome(talk, enter({})), "in");
  EXPECT_EQ(outcome(talk, enter({}, Role::talk)), "token_required");
  const EntryTokens all = tokens({secret, {}}, Auth::all);
  EXPECT_EQ(outcome(all, enter({})), "token_required");
  EXPECT_EQ(outcome(all, enter(minted())), "in");
}

TEST_F(EntryTokensTest, SayWhoIsNoStranger) {
  const auto may_relay = [](const EntryTokens& tokens, const Enter& request) {
    return std::get<rooms::Pass>(tokens.check(request)).may_relay;
  };
  EXPECT_TRUE(may_relay(tokens({}, Auth::open), enter({})));
  EXPECT_TRUE(may_relay(tokens({secret, {}}), enter(minted())));
  const EntryTokens talk = tokens({secret, {}}, Auth::talk);
  EXPECT_FALSE(may_relay(talk, enter({})));
  EXPECT_FALSE(may_relay(talk, enter("no token")));
  EXPECT_TRUE(may_relay(talk, enter(minted())));
}

TEST_F(EntryTokensTest, SayHowLongAndTheName) {
  const auto answer = tokens({secret, {}}).check(enter(minted()));
  const auto& pass = std::get<rooms::Pass>(answer);
  EXPECT_EQ(pass.holds_for, seconds(60));
  EXPECT_EQ(pass.name, "Hanako");
}

TEST_F(EntryTokensTest, TakeTheThreeAlgorithms) {
  EXPECT_EQ(outcome(tokens({secret, {}}), enter(minted())), "in");
  EXPECT_EQ(outcome(tokens({{}, rsa().public_pem()}), enter(minted(rsa().private_pem()))), "in");
  EXPECT_EQ(outcome(tokens({{}, p256().public_pem()}), enter(minted(p256().private_pem()))), "in");
  const EntryTokens both = tokens({secret, rsa().public_pem()});
  EXPECT_EQ(outcome(both, enter(minted())), "in");
  EXPECT_EQ(outcome(both, enter(minted(rsa().private_pem()))), "in");
}

TEST_F(EntryTokensTest, RefuseAnotherRoomAndAnotherRole) {
  const EntryTokens door = tokens({secret, {}});
  EXPECT_EQ(outcome(door, enter(minted(), Role::watch, "another")), "token_invalid");
  EXPECT_EQ(outcome(door, enter(minted(), Role::talk)), "token_invalid");
}

TEST_F(EntryTokensTest, RefuseAnotherKey) {
  const EntryTokens stranger = tokens({"another secret of thirty-two bytes!", {}});
  EXPECT_EQ(outcome(stranger, enter(minted())), "token_invalid");
  const KeyPair other(EVP_RSA_gen(2048));
  EXPECT_EQ(outcome(tokens({{}, rsa().public_pem()}), enter(minted(other.private_pem()))),
            "token_invalid");
}

TEST_F(EntryTokensTest, RefuseNone) {
  const std::string token = made(JWT_ALG_NONE, "", claims(at + 60));
  ASSERT_FALSE(token.empty());
  EXPECT_EQ(outcome(tokens({secret, {}}), enter(token)), "token_invalid");
  EXPECT_EQ(outcome(tokens({{}, rsa().public_pem()}), enter(token)), "token_invalid");
}

TEST_F(EntryTokensTest, RefuseThePublicKeyAsASecret) {
  for (const KeyPair* pair : {&rsa(), &p256()}) {
    const std::string pem = pair->public_pem();
    const std::string forged = made(JWT_ALG_HS256, pem, claims(at + 60));
    ASSERT_FALSE(forged.empty());
    EXPECT_EQ(outcome(tokens({{}, pem}), enter(forged)), "token_invalid");
    EXPECT_EQ(outcome(tokens({secret, pem}), enter(forged)), "token_invalid");
  }
}

TEST_F(EntryTokensTest, RefuseOtherAlgorithmsOfTheSameKey) {
  for (const auto algorithm : {JWT_ALG_HS384, JWT_ALG_HS512}) {
    EXPECT_EQ(outcome(tokens({secret, {}}), enter(made(algorithm, secret, claims(at + 60)))),
              "token_invalid");
  }
  EXPECT_EQ(outcome(tokens({{}, rsa().public_pem()}),
                    enter(made(JWT_ALG_RS512, rsa().private_pem(), claims(at + 60)))),
            "token_invalid");
}

TEST_F(EntryTokensTest, EndWithTheirTimeAndTheLeeway) {
  const EntryTokens door = tokens({secret, {}});
  const std::string token = minted();
  now += seconds(59);
  EXPECT_EQ(outcome(door, enter(token)), "in");
  now += seconds(4);
  const auto late = door.check(enter(token));
  EXPECT_EQ(std::get<rooms::Pass>(late).holds_for, seconds(2)) << "the clocks may differ";
  now += seconds(2);
  EXPECT_EQ(outcome(door, enter(token)), "token_expired");
}

TEST_F(EntryTokensTest, BeginWithTheirTimeAndTheLeeway) {
  const EntryTokens door = tokens({secret, {}});
  const auto from = [&](long nbf) {
    return enter(made(JWT_ALG_HS256, secret, claims(at + 60, ",\"nbf\":" + std::to_string(nbf))));
  };
  EXPECT_EQ(outcome(door, from(at)), "in");
  EXPECT_EQ(outcome(door, from(at + 5)), "in") << "the clocks may differ";
  EXPECT_EQ(outcome(door, from(at + 6)), "token_invalid");
}

TEST_F(EntryTokensTest, RefuseClaimsThatMakeNoSense) {
  const EntryTokens door = tokens({secret, {}});
  const std::string long_name(65, 'x');
  for (const std::string& nonsense :
       {std::string(R"({"room":"lesson","role":"watch"})"),
        std::string(R"({"room":"lesson","role":"watch","exp":"tomorrow"})"),
        std::string(R"({"room":["lesson"],"role":"watch","exp":1890000000})"),
        std::string(R"({"room":"lesson","role":"king","exp":1890000000})"),
        std::string(R"({"role":"watch","exp":1890000000})"), claims(at + 60, R"(,"nbf":"now")"),
        claims(at + 60, R"(,"name":7)"), claims(at + 60, ",\"name\":\"" + long_name + "\""),
        claims(at + 60, R"(,"name":"a\u001b[2Jb")"), claims(at + 60, R"(,"name":"a\u009bb")"),
        claims(at + 60, R"(,"name":"a\u202eb")")}) {
    EXPECT_EQ(outcome(door, enter(made(JWT_ALG_HS256, secret, nonsense))), "token_invalid")
        << nonsense;
  }
  EXPECT_EQ(outcome(door, enter(made(JWT_ALG_HS256, secret,
                                     R"({"room":"lesson","role":"watch","exp":1790000060.5})"))),
            "in")
      << "NumericDate may have a fraction";
  EXPECT_EQ(outcome(door, enter(made(JWT_ALG_HS256, secret,
                                     R"({"room":"lesson","role":"watch","exp":1e300})"))),
            "in")
      << "far away, but no overflow";
}

TEST_F(EntryTokensTest, RefuseEveryChangeOfOneCharacter) {
  const EntryTokens door = tokens({secret, {}});
  const std::string token = mint({"lesson", Role::watch, now + seconds(60)}, secret, {});
  for (std::size_t i = 0; i + 1 < token.size(); ++i) {  // the last one has bits that say nothing
    std::string forged = token;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(outcome(door, enter(forged)), "token_invalid") << forged;
  }
}

TEST_F(EntryTokensTest, RefuseWhatIsNoToken) {
  const EntryTokens door = tokens({secret, rsa().public_pem()});
  for (const std::string& nonsense :
       {std::string(), std::string("."), std::string(".."), std::string("a.b.c"),
        std::string("e30.e30."), std::string(5'000, 'x'), minted() + std::string(1, '\0') + "x"}) {
    EXPECT_EQ(outcome(door, enter(nonsense)), "token_invalid") << nonsense;
  }
}

TEST_F(EntryTokensTest, TakeNoKeysThatAreNone) {
  const KeyPair weak(EVP_RSA_gen(1024));
  const KeyPair other_curve(EVP_EC_gen("P-384"));
  for (const std::string& pem :
       {std::string("nonsense"), weak.public_pem(), other_curve.public_pem()}) {
    EXPECT_THROW(tokens({{}, pem}), std::runtime_error);
  }
}

}  // namespace
}  // namespace onair::net
