// SPDX-License-Identifier: Apache-2.0
#include "backend/pool.h"

#include <algorithm>

namespace postflight::lab {
namespace {

constexpr std::size_t kSize = 2;
constexpr std::chrono::seconds kCareInterval{5};

}  // namespace

Pool::Pool(const Database& database)
    : database_(database),
      free_(kSize),
      keeper_([this](const std::stop_token& stop) { keep_one_open(stop); }) {}

std::expected<Rows, std::string> Pool::read(const char* sql,
                                            const std::vector<std::string>& parameters) {
  std::optional<Place> place = borrow();
  if (!place) return std::unexpected("all connections to the database are busy");
  const bool was_open = *place != nullptr;
  auto rows = read_on(*place, sql, parameters);
  if (!rows && was_open && *place && (*place)->lost()) {
    place->reset();
    rows = read_on(*place, sql, parameters);
  }
  give_back(std::move(*place));
  return rows;
}

std::expected<Rows, std::string> Pool::read_on(Place& place, const char* sql,
                                               const std::vector<std::string>& parameters) {
  if (!place) {
    auto opened = database_.connect();
    if (!opened) return std::unexpected(std::move(opened).error());
    place = std::make_unique<Connection>(*std::move(opened));
  }
  auto rows = place->query(sql, parameters);
  // Without an answer in time there is no second try: the caller has waited long enough.
  if (!rows && place->timed_out()) place.reset();
  return rows;
}

std::optional<Pool::Place> Pool::borrow() {
  std::unique_lock lock{mutex_};
  if (!returned_.wait_for(lock, kAnswerTimeout, [this] { return !free_.empty(); })) {
    return std::nullopt;
  }
  Place place = std::move(free_.back());
  free_.pop_back();
  return place;
}

/// Closes what broke in the meantime; then an empty place if no connection is open or lent.
std::optional<Pool::Place> Pool::borrow_if_none_open() {
  const std::scoped_lock lock{mutex_};
  for (Place& place : free_) {
    if (place && place->lost()) place.reset();
  }
  std::ranges::stable_partition(free_, [](const Place& place) { return place == nullptr; });
  if (free_.size() < kSize || free_.back()) return std::nullopt;
  free_.pop_back();
  return Place{};
}

void Pool::give_back(Place place) {
  const std::scoped_lock lock{mutex_};
  if (place && place->usable()) {
    free_.push_back(std::move(place));
  } else {
    free_.insert(free_.begin(), Place{});
  }
  returned_.notify_one();
}

void Pool::keep_one_open(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (std::optional<Place> place = borrow_if_none_open()) {
      if (auto opened = database_.connect()) {
        *place = std::make_unique<Connection>(*std::move(opened));
      }
      give_back(std::move(*place));
    }
    std::unique_lock lock{mutex_};
    std::condition_variable_any().wait_for(lock, stop, kCareInterval, [] { return false; });
  }
}

}  // namespace postflight::lab
