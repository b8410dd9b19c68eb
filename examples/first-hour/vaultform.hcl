name = "first-hour"

bootstrap {
  shares    = 5
  threshold = 3

  # Two places for the keys; each has all of them, encrypted.
  sink "here" {
    path       = "keys/here.enc"
    passphrase = env("KEYS_PASSPHRASE")
  }
  sink "elsewhere" {
    write      = ["sh", "-c", "cat > keys/elsewhere.txt"]
    read       = ["cat", "keys/elsewhere.txt"]
    passphrase = env("KEYS_PASSPHRASE_ELSEWHERE")
  }

  audit "file" "to-file" {
    options {
      file_path = "audit.log"
    }
  }

  # Applied with the root token; all else by the identity that is made here.
  apply = ["vault_userpass_auth_backend_user.admin", "vault_policy.admin", "module.ci"]
}
