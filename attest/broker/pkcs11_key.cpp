// The store key inside a PKCS#11 token: the token encrypts and decrypts, its AES key never leaves it.
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include <stdlib.h>
#include <string.h>

#include <memory>
#include <vector>

#include "attest/broker/seal.h"
#include "attest/broker/store_key.h"

namespace litebox::attest::broker {

namespace {

struct UriFree {
    void operator()(P11KitUri* uri) const { p11_kit_uri_free(uri); }
};
using Uri = std::unique_ptr<P11KitUri, UriFree>;

/// A module loaded by path, and the one session with the token that has the key.
class Token {
  public:
    Token() = default;
    Token(const Token&) = delete;
    Token& operator=(const Token&) = delete;
    ~Token() {
        if (session_) module_->C_CloseSession(session_);
        if (initialised_) p11_kit_module_finalize(module_);
        if (module_) p11_kit_module_release(module_);
    }

    Result<void> open(P11KitUri* uri);
    CK_FUNCTION_LIST* module() const { return module_; }
    CK_SESSION_HANDLE session() const { return session_; }
    CK_OBJECT_HANDLE key() const { return key_; }

  private:
    Result<CK_SLOT_ID> find_slot(P11KitUri* uri);
    Result<void> log_in(P11KitUri* uri);
    Result<void> find_key(P11KitUri* uri);

    CK_FUNCTION_LIST* module_ = nullptr;
    bool initialised_ = false;
    CK_SESSION_HANDLE session_ = 0;
    CK_OBJECT_HANDLE key_ = 0;
};

Error token_error(const char* what, CK_RV code) {
    return Error{std::string("PKCS#11: ") + what + ": " + p11_kit_strerror(code)};
}

Result<void> Token::open(P11KitUri* uri) {
    const char* path = p11_kit_uri_get_module_path(uri);
    if (!path) return Error{"PKCS#11: the URI names no module: add ?module-path=/usr/lib/....so"};
    module_ = p11_kit_module_load(path, 0);
    if (!module_) return Error{std::string("PKCS#11: cannot load ") + path + ": " + p11_kit_message()};
    if (CK_RV code = p11_kit_module_initialize(module_); code != CKR_OK)
        return token_error("initialising", code);
    initialised_ = true;
    CK_SLOT_ID slot = ATTEST_TRY(find_slot(uri));
    CK_RV code = module_->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session_);
    if (code != CKR_OK) return token_error("opening a session", code);
    if (Result<void> done = log_in(uri); !done.ok()) return done;
    return find_key(uri);
}

Result<CK_SLOT_ID> Token::find_slot(P11KitUri* uri) {
    CK_ULONG count = 0;
    CK_RV code = module_->C_GetSlotList(CK_TRUE, nullptr, &count);
    std::vector<CK_SLOT_ID> slots(code == CKR_OK ? count : 0);
    if (code == CKR_OK) code = module_->C_GetSlotList(CK_TRUE, slots.data(), &count);
    if (code != CKR_OK) return token_error("listing the tokens", code);
    slots.resize(std::min<size_t>(slots.size(), count));
    for (CK_SLOT_ID slot : slots) {
        CK_TOKEN_INFO info{};
        if (module_->C_GetTokenInfo(slot, &info) == CKR_OK && p11_kit_uri_match_token_info(uri, &info))
            return slot;
    }
    return Error{"PKCS#11: no token fits the URI: see 'pkcs11-tool --module ... --list-token-slots'"};
}

Result<void> Token::log_in(P11KitUri* uri) {
    SecretBytes pin;
    if (const char* source = p11_kit_uri_get_pin_source(uri)) {
        std::string path = source;
        if (path.starts_with("file:")) path.erase(0, 5);
        pin = ATTEST_TRY(read_private_file(path));
        while (!pin.empty() && (pin.back() == '\n' || pin.back() == '\r')) pin.pop_back();
    } else if (const char* value = p11_kit_uri_get_pin_value(uri)) {
        append(pin, std::string_view(value));
    } else {
        return {};  // a token without a PIN
    }
    CK_RV code = module_->C_Login(session_, CKU_USER, pin.data(), pin.size());
    if (code != CKR_OK && code != CKR_USER_ALREADY_LOGGED_IN) return token_error("logging in", code);
    return {};
}

Result<void> Token::find_key(P11KitUri* uri) {
    CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    std::vector<CK_ATTRIBUTE> wanted = {{CKA_CLASS, &object_class, sizeof object_class},
                                        {CKA_KEY_TYPE, &type, sizeof type}};
    for (CK_ATTRIBUTE_TYPE named : {CKA_LABEL, CKA_ID}) {
        if (CK_ATTRIBUTE* attribute = p11_kit_uri_get_attribute(uri, named)) wanted.push_back(*attribute);
    }
    CK_OBJECT_HANDLE found[2] = {};
    CK_ULONG count = 0;
    CK_RV code = module_->C_FindObjectsInit(session_, wanted.data(), wanted.size());
    if (code == CKR_OK) {
        code = module_->C_FindObjects(session_, found, 2, &count);
        module_->C_FindObjectsFinal(session_);
    }
    if (code != CKR_OK) return token_error("looking for the key", code);
    if (count == 0) {
        return Error{
            "PKCS#11: the token has no such AES key: make one with 'pkcs11-tool --keygen --key-type AES:32'"};
    }
    if (count > 1) return Error{"PKCS#11: several AES keys fit the URI: name one with object= or id="};
    key_ = found[0];
    return {};
}

class Pkcs11Key : public StoreKey {
  public:
    explicit Pkcs11Key(std::unique_ptr<Token> token) : token_(std::move(token)) {}
    std::string_view kind() const override { return "pkcs11"; }

    Result<Bytes> wrap(ByteView key) override {
        Bytes iv = random_bytes(gcm_iv_size);
        CK_GCM_PARAMS parameters = gcm(iv);
        CK_MECHANISM mechanism = {CKM_AES_GCM, &parameters, sizeof parameters};
        CK_FUNCTION_LIST* module = token_->module();
        CK_RV code = module->C_EncryptInit(token_->session(), &mechanism, token_->key());
        Bytes out(key.size() + gcm_tag_size);
        CK_ULONG size = out.size();
        if (code == CKR_OK) {
            code = module->C_Encrypt(token_->session(), const_cast<uint8_t*>(key.data()), key.size(),
                                     out.data(), &size);
        }
        if (code != CKR_OK || size != out.size()) return token_error("encrypting with AES-GCM", code);
        iv.insert(iv.end(), out.begin(), out.end());
        return iv;
    }

    Result<SecretBytes> unwrap(ByteView wrapped) override {
        if (wrapped.size() != gcm_iv_size + key_size + gcm_tag_size)
            return Error{"the wrapped store key is damaged"};
        Bytes iv = to_bytes(wrapped.first(gcm_iv_size));
        ByteView sealed = wrapped.subspan(gcm_iv_size);
        CK_GCM_PARAMS parameters = gcm(iv);
        CK_MECHANISM mechanism = {CKM_AES_GCM, &parameters, sizeof parameters};
        CK_FUNCTION_LIST* module = token_->module();
        CK_RV code = module->C_DecryptInit(token_->session(), &mechanism, token_->key());
        if (code != CKR_OK) return token_error("decrypting with AES-GCM", code);
        SecretBytes out(sealed.size());  // tokens may ask for room for the tag as well
        CK_ULONG size = out.size();
        code = module->C_Decrypt(token_->session(), const_cast<uint8_t*>(sealed.data()), sealed.size(),
                                 out.data(), &size);
        if (code != CKR_OK || size != key_size) {
            return Error{
                "the store was not locked with this PKCS#11 key: give the one that it was made with "
                "(nothing was changed)"};
        }
        out.resize(size);
        return out;
    }

  private:
    static CK_GCM_PARAMS gcm(Bytes& iv) {
        static constexpr std::string_view associated = "litebox broker store key v1";
        CK_GCM_PARAMS parameters{};
        parameters.iv_ptr = iv.data();
        parameters.iv_len = iv.size();
        parameters.iv_bits = iv.size() * 8;
        parameters.aad_ptr = reinterpret_cast<unsigned char*>(const_cast<char*>(associated.data()));
        parameters.aad_len = associated.size();
        parameters.tag_bits = gcm_tag_size * 8;
        return parameters;
    }
    std::unique_ptr<Token> token_;
};

}  // namespace

Result<std::unique_ptr<StoreKey>> open_pkcs11_key(const std::string& text) {
    Uri uri(p11_kit_uri_new());
    int code = p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, uri.get());
    if (code != P11_KIT_URI_OK) return Error{std::string("PKCS#11 URI: ") + p11_kit_uri_message(code)};
    auto token = std::make_unique<Token>();
    if (Result<void> opened = token->open(uri.get()); !opened.ok()) return opened.error();
    return std::unique_ptr<StoreKey>(new Pkcs11Key(std::move(token)));
}

}  // namespace litebox::attest::broker
