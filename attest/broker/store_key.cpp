#include "attest/broker/store_key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>

#include "attest/broker/seal.h"

namespace litebox::attest::broker {

namespace {

constexpr std::string_view wrap_label = "litebox broker store key v1";
constexpr size_t salt_size = 16;

struct Descriptor {
    int fd = -1;
    ~Descriptor() {
        if (fd >= 0) close(fd);
    }
};

Error failed(const std::string& path) {
    return Error{path + ": " + strerror(errno)};
}

Error does_not_fit(std::string_view what) {
    return Error{"the store was not locked with this " + std::string(what) +
                 ": give the one that it was made with (nothing was changed)"};
}

class KeyFile : public StoreKey {
  public:
    explicit KeyFile(SecretBytes key) : key_(std::move(key)) {}
    std::string_view kind() const override { return "file"; }
    Result<Bytes> wrap(ByteView key) override { return seal(key_, as_bytes(wrap_label), key); }
    Result<SecretBytes> unwrap(ByteView wrapped) override {
        Result<SecretBytes> key = unseal(key_, as_bytes(wrap_label), wrapped);
        if (!key.ok()) return does_not_fit("key file");
        return key;
    }

  private:
    SecretBytes key_;
};

class Passphrase : public StoreKey {
  public:
    explicit Passphrase(SecretBytes text) : text_(std::move(text)) {}
    std::string_view kind() const override { return "passphrase"; }
    Result<Bytes> wrap(ByteView key) override {
        Bytes out = random_bytes(salt_size);
        SecretBytes stretched = ATTEST_TRY(stretch_passphrase(text_, out));
        Bytes sealed = seal(stretched, as_bytes(wrap_label), key);
        out.insert(out.end(), sealed.begin(), sealed.end());
        return out;
    }
    Result<SecretBytes> unwrap(ByteView wrapped) override {
        if (wrapped.size() < salt_size) return Error{"the wrapped store key is damaged"};
        SecretBytes stretched = ATTEST_TRY(stretch_passphrase(text_, wrapped.first(salt_size)));
        Result<SecretBytes> key = unseal(stretched, as_bytes(wrap_label), wrapped.subspan(salt_size));
        if (!key.ok()) return does_not_fit("passphrase");
        return key;
    }

  private:
    SecretBytes text_;
};

Result<SecretBytes> read_all(int fd, const std::string& path) {
    constexpr size_t limit = 64 << 10;
    SecretBytes out;
    uint8_t piece[4096];
    for (;;) {
        ssize_t count = read(fd, piece, sizeof piece);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed(path);
        if (count == 0) break;
        append(out, ByteView(piece, static_cast<size_t>(count)));
        wipe(piece, sizeof piece);
        if (out.size() > limit) return Error{path + ": longer than 64 KiB, which no key is"};
    }
    return out;
}

SecretBytes first_line(const SecretBytes& text) {
    auto end = std::find_if(text.begin(), text.end(), [](uint8_t c) { return c == '\n' || c == '\r'; });
    return SecretBytes(text.begin(), end);
}

Result<SecretBytes> ask_passphrase() {
    Descriptor terminal{open("/dev/tty", O_RDWR | O_CLOEXEC)};
    if (terminal.fd < 0) return Error{"no terminal to ask for the passphrase: use passphrase-file:PATH"};
    termios before{}, silent{};
    if (tcgetattr(terminal.fd, &before) != 0) return failed("/dev/tty");
    silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    std::string_view prompt = "Passphrase of the store: ";
    if (write(terminal.fd, prompt.data(), prompt.size()) < 0 ||
        tcsetattr(terminal.fd, TCSAFLUSH, &silent) != 0) {
        return failed("/dev/tty");
    }
    SecretBytes line(1024);
    ssize_t count = read(terminal.fd, line.data(), line.size());
    tcsetattr(terminal.fd, TCSAFLUSH, &before);
    if (write(terminal.fd, "\n", 1) < 0 || count <= 0) return Error{"no passphrase was given"};
    line.resize(static_cast<size_t>(count));
    return first_line(line);
}

Result<std::unique_ptr<StoreKey>> passphrase_key(SecretBytes text) {
    if (text.size() < 8)
        return Error{"a passphrase of fewer than 8 bytes protects nothing: choose a longer one"};
    return std::unique_ptr<StoreKey>(new Passphrase(std::move(text)));
}

Result<std::unique_ptr<StoreKey>> file_key(const std::string& path) {
    SecretBytes text = ATTEST_TRY(read_private_file(path));
    if (text.size() != key_size) {
        SecretBytes line = first_line(text);
        Result<Bytes> bytes = from_hex(as_text(line));
        if (!bytes.ok() || bytes->size() != key_size) {
            return Error{path +
                         ": a store key is 32 bytes or 64 hexadecimal digits; make one with "
                         "'litebox broker new-key PATH'"};
        }
        text = to_secret(*bytes);
        wipe(*bytes);
    }
    return std::unique_ptr<StoreKey>(new KeyFile(std::move(text)));
}

}  // namespace

Result<SecretBytes> read_private_file(const std::string& path) {
    Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
    if (file.fd < 0) return failed(path);
    struct stat status {};
    if (fstat(file.fd, &status) != 0) return failed(path);
    if (S_ISREG(status.st_mode) && (status.st_mode & 077)) {
        return Error{path +
                     ": others than its owner may open this file: chmod 600 it, and change what is in it"};
    }
    return read_all(file.fd, path);
}

Result<void> write_key_file(const std::string& path) {
    Descriptor file{open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (file.fd < 0) return failed(path);
    SecretBytes key = random_key();
    if (write(file.fd, key.data(), key.size()) != static_cast<ssize_t>(key.size()) || fsync(file.fd) != 0) {
        return failed(path);
    }
    return {};
}

Result<std::unique_ptr<StoreKey>> open_store_key(std::string_view description) {
    auto after = [&](std::string_view prefix) { return std::string(description.substr(prefix.size())); };
    if (description.starts_with("file:")) return file_key(after("file:"));
    if (description == "passphrase") return passphrase_key(ATTEST_TRY(ask_passphrase()));
    if (description.starts_with("passphrase-file:")) {
        SecretBytes text = ATTEST_TRY(read_private_file(after("passphrase-file:")));
        return passphrase_key(first_line(text));
    }
    if (description.starts_with("pkcs11:")) return open_pkcs11_key(std::string(description));
    return Error{"a store key is file:PATH, passphrase, passphrase-file:PATH or pkcs11:URI, not \"" +
                 std::string(description.substr(0, 12)) + "...\""};
}

}  // namespace litebox::attest::broker
