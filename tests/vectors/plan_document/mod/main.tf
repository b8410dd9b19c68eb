variable "arg" {}
variable "key" {
  type = string
}
resource "terraform_data" "in" {
  input = [var.arg, { k = var.key, neg = -1, f = 1.5, t = true, h = <<-EOT
    multi
    line
  EOT
  }]
}
module "deep" {
  source = "./deep"
  x      = terraform_data.in.output
}
output "res" {
  value = module.deep.y
}
