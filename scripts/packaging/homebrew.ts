import type { Product, ReleaseFile } from "./product.ts";

export interface FormulaOptions {
  readonly product: Product;
  /** The folder of the release, without a slash at its end. */
  readonly baseUrl: string;
  /** What SHA256SUMS says of a file. */
  readonly sha256: (name: string) => string;
}

/** A formula for Homebrew, on macOS and Linux: confiture.rb, to be put into a tap. */
export function homebrewFormula({ product, baseUrl, sha256 }: FormulaOptions): ReleaseFile {
  const source = (target: string, indent: string): string => {
    const name = `confiture-${product.version}-${target}.tar.gz`;
    return `${indent}url "${baseUrl}/${name}"\n${indent}sha256 "${sha256(name)}"`;
  };
  const text = `class Confiture < Formula
  desc "${product.summary}"
  homepage "${product.homepage ?? baseUrl}"
  version "${product.version}"
  license "${product.license}"

  on_macos do
    on_arm do
${source("darwin-arm64", "      ")}
    end
    on_intel do
${source("darwin-x64", "      ")}
    end
  end

  on_linux do
    on_arm do
${source("linux-arm64", "      ")}
    end
    on_intel do
${source("linux-x64", "      ")}
    end
  end

  def install
    bin.install "confiture"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/confiture.bash" => "confiture"
    zsh_completion.install "completions/_confiture"
    fish_completion.install "completions/confiture.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/confiture --version")
    system bin/"confiture", "init", "--embedded"
    system bin/"confiture", "build"
  end
end
`;
  return { name: "confiture.rb", data: Buffer.from(text) };
}
