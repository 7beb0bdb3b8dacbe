using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ahoy.Contracts;
using Ahoy.Contracts.Builds;

namespace Ahoy.Master.Builds;

/// <summary>The keys under which results are stored: a hash of all that goes into a build. A changed recipe gets a new <see cref="Recipe"/>.</summary>
internal static class BuildKeys
{
    private const string Recipe = "1";

    public static string OfBuild(Digest baseImage, BuildRequest request)
    {
        var hash = new Fields("build");
        hash.Add(OfPackages(baseImage, request.Packages));
        foreach (var file in request.Dependencies.OrderBy(file => file.Path, StringComparer.Ordinal))
        {
            hash.Add("dependency");
            Add(hash, file);
        }

        foreach (var file in request.Files.OrderBy(file => file.Path, StringComparer.Ordinal))
        {
            hash.Add("file");
            Add(hash, file);
        }

        hash.Add(["entrypoint", .. request.Entrypoint]);
        hash.Add(["programs", .. request.Programs.Order(StringComparer.Ordinal)]);
        return hash.Result();
    }

    public static string OfPackages(Digest baseImage, IReadOnlyList<string> packages)
    {
        var hash = new Fields("packages");
        hash.Add(baseImage.ToString());
        hash.Add([.. packages.Distinct().Order(StringComparer.Ordinal)]);
        return hash.Result();
    }

    private static void Add(Fields hash, BuildFile file) => hash.Add(
        file.Path,
        file.Type.ToString(),
        file.Digest?.ToString() ?? "",
        file.Size.ToString(CultureInfo.InvariantCulture),
        file.Executable ? "x" : "",
        file.Target ?? "");

    /// <summary>Texts, each with its length before it, so that no two lists of texts look alike.</summary>
    private sealed class Fields
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public Fields(string kind) => Add(kind, Recipe);

        public void Add(params ReadOnlySpan<string> fields)
        {
            _hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{fields.Length};")));
            foreach (var field in fields)
            {
                var bytes = Encoding.UTF8.GetBytes(field);
                _hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{bytes.Length}:")));
                _hash.AppendData(bytes);
            }
        }

        public string Result()
        {
            var result = Convert.ToHexStringLower(_hash.GetHashAndReset());
            _hash.Dispose();
            return result;
        }
    }
}
