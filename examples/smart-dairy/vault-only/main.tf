# What the guide wants of clouds and of GitHub. These engines are HashiCorp Vault's; OpenBao has none of them, and
# vaultform does not manage them: `vaultform validate` checks this file and says so. It stands apart so that the rest can
# be applied; Terraform applies it to a server that has the engines.

terraform {
  required_providers {
    vault = {
      source  = "hashicorp/vault"
      version = ">= 5.0"
    }
  }
}

variable "aws_access_key" {
  description = "Name of the key that makes the others."
  type        = string
  sensitive   = true
}

variable "aws_secret_key" {
  description = "That key."
  type        = string
  sensitive   = true
}

variable "azure" {
  description = "The application that makes the others."
  type = object({
    subscription_id = string
    tenant_id       = string
    client_id       = string
    client_secret   = string
  })
  sensitive = true
}

resource "vault_aws_secret_backend" "aws" {
  path       = "smart-dairy/aws"
  access_key = var.aws_access_key
  secret_key = var.aws_secret_key
  region     = "ap-southeast-1"
}

resource "vault_aws_secret_backend_role" "s3_readonly" {
  backend         = vault_aws_secret_backend.aws.path
  name            = "s3-readonly"
  credential_type = "iam_user"

  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = ["s3:GetObject", "s3:ListBucket"]
      Resource = [
        "arn:aws:s3:::smart-dairy-data-prod",
        "arn:aws:s3:::smart-dairy-data-prod/*",
      ]
    }]
  })
}

resource "vault_aws_secret_backend_role" "s3_sts" {
  backend         = vault_aws_secret_backend.aws.path
  name            = "s3-sts-role"
  credential_type = "federation_token"

  iam_tags = {
    Environment = "production"
    Application = "milk-tracker"
  }

  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "s3:*"
      Resource = "arn:aws:s3:::smart-dairy-*"
    }]
  })
}

resource "vault_azure_secret_backend" "azure" {
  path            = "smart-dairy/azure"
  subscription_id = var.azure.subscription_id
  tenant_id       = var.azure.tenant_id
  client_id       = var.azure.client_id
  client_secret   = var.azure.client_secret
  environment     = "AzurePublicCloud"
}

resource "vault_azure_secret_backend_role" "blob_contributor" {
  backend = vault_azure_secret_backend.azure.path
  role    = "blob-contributor"
  ttl     = "3600"

  azure_roles {
    role_name = "Storage Blob Data Contributor"
    scope     = "/subscriptions/${var.azure.subscription_id}/resourceGroups/smart-dairy-prod/providers/Microsoft.Storage/storageAccounts/smartdairyblob"
  }
}

resource "vault_github_auth_backend" "developers" {
  path         = "smart-dairy/github"
  organization = "smart-dairy"
}

# The policies `devops` and `security` are those of the configuration beside; `developer-policy` the guide only names.
resource "vault_github_team" "team" {
  for_each = {
    developers = "developer-policy"
    devops     = "devops"
    security   = "security"
  }

  backend  = vault_github_auth_backend.developers.path
  team     = each.key
  policies = [each.value]
}
