// C++ strings and std::map: what a parser or a small database does all day.
// Usage: strings ROUNDS. Prints a checksum; the same under every allocator.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

std::uint64_t state = 88172645463325252u;

std::uint64_t next() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

std::string word(std::uint64_t seed) {
    std::string text = "key";
    for (unsigned i = 0; i < 4 + seed % 29; ++i) text += static_cast<char>('a' + (seed >> i) % 26);
    return text;
}

std::uint64_t round_of_work() {
    std::map<std::string, std::vector<std::string>> index;
    std::unordered_map<std::string, std::unique_ptr<std::string>> cache;
    for (int i = 0; i < 20000; ++i) {
        std::string key = word(next() % 5000 * 2654435761u);
        index[key].push_back(word(next()) + "/" + std::to_string(i));
        auto& entry = cache[key];
        entry = std::make_unique<std::string>(key + ":" + word(next()));
        if (i % 3 == 0) index.erase(word(next() % 5000 * 2654435761u));
    }
    std::uint64_t sum = 0;
    for (const auto& [key, values] : index) {
        std::string joined;
        for (const auto& value : values) joined += value + ",";
        for (unsigned char c : joined) sum = sum * 131 + c;
    }
    return sum + cache.size();
}

}  // namespace

int main(int argc, char** argv) {
    const long rounds = argc > 1 ? std::atol(argv[1]) : 1;
    std::uint64_t sum = 0;
    for (long i = 0; i < rounds; ++i) sum = sum * 31 + round_of_work();
    std::printf("strings %016llx\n", static_cast<unsigned long long>(sum));
}
