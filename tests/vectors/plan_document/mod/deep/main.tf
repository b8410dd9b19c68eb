variable "x" {}
resource "terraform_data" "d" {
  input = var.x
}
output "y" { value = terraform_data.d.output }
