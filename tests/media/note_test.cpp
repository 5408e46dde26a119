#include "media/note.hpp"

#include <gtest/gtest.h>

#include "protocol/limits.hpp"

namespace onair::media {
namespace {

TEST(MediaNote, IsReadAsItWasWritten) {
  Note note;
  note.kind = Note::Kind::whip;
  note.member = "5f0c";
  note.since = 1'700'000'000;
  note.expires = 1'700'000'060;
  note.name = "Hanako";
  note.resource = "0123";
  note.etag = "\"4567\"";
  note.ufrag = "abcd";
  note.key = "89ab";
  note.address = "192.0.2.1";
  EXPECT_EQ(note_of(text_of(note)), note);
  Note viewer;
  viewer.kind = Note::Kind::viewer;
  viewer.member = "5f0c";
  viewer.other = "77aa";
  viewer.connection = 4'294'967'295;
  EXPECT_EQ(note_of(text_of(viewer)), viewer);
}

TEST(MediaNote, IsShort) {
  Note note;
  note.member = std::string(protocol::kMaxPeerIdBytes, 'm');
  note.name = std::string(protocol::kMaxChatNameBytes, '"');
  note.ufrag = std::string(256, 'u');
  EXPECT_LE(text_of(note).size(), 2'048u);
}

TEST(MediaNote, WhatIsNoneIsPassedOver) {
  for (const char* text : {"", "{", "[]", "{}", R"({"kind":"whip"})", R"({"kind":7,"member":"a"})",
                           R"({"kind":"other","member":"a"})", R"({"kind":"whip","member":7})"}) {
    EXPECT_FALSE(note_of(text)) << text;
  }
}

}  // namespace
}  // namespace onair::media
