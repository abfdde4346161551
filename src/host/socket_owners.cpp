// SPDX-License-Identifier: Apache-2.0
// Two things cost here, about the same: the kernel's list of a process's open files, and the link
// of each. Processes are listed one by one, and the links of long lists are left to whoever is
// idle, so that one process with ten thousand sockets takes no longer than ten with a thousand.
#include "host/socket_owners.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "base/text.h"
#include "host/helper_thread.h"
#include "host/processes.h"
#include "host/rooted.h"

namespace postflight::host {
namespace {

constexpr std::size_t kFilesPerPiece = 256;
constexpr std::size_t kMostPiecesWaiting = 16;

using Folder = std::shared_ptr<DIR>;

/// A process whose open files are to be listed, or, with a folder, files whose links are to be
/// read.
struct Piece {
  std::int32_t pid = 0;
  Folder folder;
  std::vector<std::uint32_t> files;
};

/// What is still to be done, for several threads.
class Work {
 public:
  explicit Work(std::span<const std::int32_t> pids) : pids_(pids) {}

  /// The next piece; waits while somebody is at a list that may give more. Nothing at the end. Who
  /// was given a process calls listed() when he is through with it.
  std::optional<Piece> next() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return !pieces_.empty() || !pids_.empty() || listing_ == 0; });
    if (!pieces_.empty()) {
      Piece piece = std::move(pieces_.front());
      pieces_.pop_front();
      return piece;
    }
    if (pids_.empty()) return std::nullopt;
    ++listing_;
    Piece process{pids_.front(), nullptr, {}};
    pids_ = pids_.subspan(1);
    return process;
  }

  void listed() {
    const std::lock_guard lock{mutex_};
    if (--listing_ == 0) changed_.notify_all();
  }

  /// Takes the piece for whoever is idle; false where enough is waiting.
  bool offer(Piece& piece) {
    const std::lock_guard lock{mutex_};
    if (pieces_.size() >= kMostPiecesWaiting) return false;
    pieces_.push_back(std::move(piece));
    changed_.notify_one();
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::span<const std::int32_t> pids_;
  std::deque<Piece> pieces_;
  std::size_t listing_ = 0;
};

struct Hold {
  std::uint64_t inode;
  std::int32_t pid;
  auto operator<=>(const Hold&) const = default;
};

bool is_permission(int error) {
  return error == EACCES || error == EPERM;
}

/// One thread's part of the search and what it found.
class Searcher {
 public:
  Searcher(Work& work, const std::unordered_set<std::uint64_t>& inodes, const std::string& root,
           Deadline deadline)
      : work_(work), inodes_(inodes), root_(root), deadline_(deadline) {}

  void search() noexcept {
    try {
      while (auto piece = work_.next()) take(*piece);
    } catch (...) {
      failure = std::current_exception();
    }
  }

  std::vector<Hold> holds;
  std::vector<std::int32_t> denied;
  bool complete = true;
  std::exception_ptr failure;

 private:
  /// Tells the others, whatever happens, that a list will give nothing more.
  struct Listing {
    Work& work;
    ~Listing() { work.listed(); }
  };

  void take(Piece& piece) {
    if (piece.folder) return read_links(piece);
    const Listing listing{work_};
    list(piece.pid);
  }

  void list(std::int32_t pid) {
    if (is_late()) return;
    const std::string path = under_root(root_, "/proc/" + std::to_string(pid) + "/fd");
    const Folder folder{::opendir(path.c_str()), [](DIR* open) {
                          if (open) ::closedir(open);
                        }};
    if (!folder) {
      if (is_permission(errno)) denied.push_back(pid);
      return;
    }
    Piece piece{pid, folder, {}};
    while (const dirent* entry = ::readdir(folder.get())) {
      const auto file = parse_number<std::uint32_t>(entry->d_name);
      if (!file) continue;  // "." and ".."
      piece.files.push_back(*file);
      if (piece.files.size() < kFilesPerPiece) continue;
      if (!work_.offer(piece)) read_links(piece);
      piece = {pid, folder, {}};
    }
    read_links(piece);
  }

  void read_links(const Piece& piece) {
    const int folder = ::dirfd(piece.folder.get());
    if (folder < 0 || is_late()) {
      complete = false;
      return;
    }
    for (const std::uint32_t file : piece.files) {
      std::array<char, 16> name{};
      std::to_chars(name.data(), name.data() + name.size() - 1, file);
      std::array<char, 64> target;
      const ssize_t length = ::readlinkat(folder, name.data(), target.data(), target.size());
      if (length < 0 && is_permission(errno)) return denied.push_back(piece.pid);
      if (length <= 0) continue;  // closed meanwhile
      const auto inode = parse_socket_link({target.data(), static_cast<std::size_t>(length)});
      if (inode != 0 && inodes_.contains(inode)) holds.push_back({inode, piece.pid});
    }
  }

  bool is_late() {
    if (!deadline_.passed()) return false;
    complete = false;
    return true;
  }

  Work& work_;
  const std::unordered_set<std::uint64_t>& inodes_;
  const std::string& root_;
  Deadline deadline_;
};

template <class T>
void sort_and_unite(std::vector<T>& items) {
  std::ranges::sort(items);
  const auto repeated = std::ranges::unique(items);
  items.erase(repeated.begin(), repeated.end());
}

/// What all found, in an order that does not depend on who found it.
SocketOwners unite(std::deque<Searcher>& searchers) {
  SocketOwners owners;
  std::vector<Hold> holds;
  for (Searcher& one : searchers) {
    if (one.failure) std::rethrow_exception(one.failure);
    holds.insert(holds.end(), one.holds.begin(), one.holds.end());
    owners.denied.insert(owners.denied.end(), one.denied.begin(), one.denied.end());
    owners.complete = owners.complete && one.complete;
  }
  sort_and_unite(holds);
  sort_and_unite(owners.denied);
  owners.pids.reserve(holds.size());
  for (const Hold& hold : holds) owners.pids[hold.inode].push_back(hold.pid);
  return owners;
}

}  // namespace

std::uint64_t parse_socket_link(std::string_view target) {
  constexpr std::string_view kPrefix = "socket:[";
  if (!target.starts_with(kPrefix) || !target.ends_with(']')) return 0;
  target.remove_prefix(kPrefix.size());
  target.remove_suffix(1);
  const auto inode = parse_number<std::uint64_t>(target);
  return inode ? *inode : 0;
}

Result<SocketOwners> find_socket_owners(const std::unordered_set<std::uint64_t>& inodes,
                                        const std::string& root, Deadline deadline) {
  if (inodes.empty()) return SocketOwners{};
  PF_TRY_ASSIGN(const auto pids, list_processes(root));
  Work work{pids};
  std::deque<Searcher> searchers;  // none may move while its thread is at work
  {
    std::deque<HelperThread> helpers;
    for (std::size_t i = useful_helpers(); i > 0; --i) {
      Searcher& helper = searchers.emplace_back(work, inodes, root, deadline);
      helpers.emplace_back([&helper] { helper.search(); });
    }
    searchers.emplace_back(work, inodes, root, deadline).search();
  }
  return unite(searchers);
}

}  // namespace postflight::host
