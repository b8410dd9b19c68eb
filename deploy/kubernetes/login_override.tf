# In the job's copy of the configuration only: an override file takes the place of what `provider "vault"` says otherwise.
provider "vault" {
  auth_login {
    path = "auth/kubernetes/login"
    parameters = {
      role = "vaultform-drift"
      jwt  = file("/login/token")
    }
  }
}
