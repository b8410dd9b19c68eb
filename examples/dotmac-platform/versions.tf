terraform {
  required_providers {
    vault = {
      source  = "hashicorp/vault"
      version = ">= 5.0"
    }
    random = {
      source = "hashicorp/random"
    }
  }
}

# Address and token come from VAULT_ADDR and VAULT_TOKEN.
provider "vault" {}
