//! Under which name the program speaks. Tools that read plans look for lines with the name of Terraform or OpenTofu in
//! them, so that is the default.

/// The name in the lines that other tools match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Product {
    #[default]
    Terraform,
    OpenTofu,
    Vaultform,
}

impl Product {
    /// Returns the name as it stands in a sentence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Product::Terraform => "Terraform",
            Product::OpenTofu => "OpenTofu",
            Product::Vaultform => "vaultform",
        }
    }

    /// Returns the word that names it in the JSON stream: `terraform.ui`, the key of the version.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Product::Terraform => "terraform",
            Product::OpenTofu => "tofu",
            Product::Vaultform => "vaultform",
        }
    }

    /// Returns the output of `version`, which tools read the version from.
    #[must_use]
    pub fn version_line(self, version: &str) -> String {
        format!("{} v{version}\n", self.name())
    }
}
