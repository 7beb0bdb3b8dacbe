using Ahoy.Images.Capture.Packages;

namespace Ahoy.Images.Capture;

/// <summary>Decides how a file that is needed gets there: the base has it, a package brings it, or nothing does.</summary>
internal sealed class SupplyRules
{
    private readonly RootDirectory _root;
    private readonly DpkgDatabase _dpkg;
    private readonly BaseSystem _base;
    private readonly HashSet<string> _named;
    /// <summary>Essential packages and what they depend on: no Debian system is without them.</summary>
    private readonly Lazy<HashSet<string>> _always;

    public SupplyRules(RootDirectory root, DpkgDatabase dpkg, BaseSystem baseSystem, IReadOnlyList<string> namedPackages)
    {
        _root = root;
        _dpkg = dpkg;
        _base = baseSystem;
        _named = [.. namedPackages.SelectMany(dpkg.Closure)];
        _always = new(() => [.. dpkg.Packages.Values.Where(package => package.Essential).SelectMany(package => dpkg.Closure(package.Name))]);
        UnknownPackages = [.. namedPackages.Where(name => !dpkg.Packages.ContainsKey(name))];
    }

    /// <summary>Packages that the user named and that are not installed here: what they bring can't be known.</summary>
    public IReadOnlyList<string> UnknownPackages { get; }

    /// <summary>Base or Package with the package's name, or null when neither has the file.</summary>
    public (CaptureSupply Supply, string? Package)? For(string path)
    {
        if (_root.Trace(path) is not { } trace)
            return null;
        var place = _root.Place(path) ?? trace.Path;
        var owner = _dpkg.Owner(place) ?? _dpkg.Owner(trace.Path);
        if (_base.HasFile(place) || _base.HasFile(path))
            return (CaptureSupply.Base, owner);
        if (!_base.SameRelease)
            return IsLibcFamily(Path.GetFileName(path)) ? (CaptureSupply.Base, owner) : null;
        if (owner is null)
            return null;
        return _base.HasPackage(owner) || (!_base.IsKnown && _always.Value.Contains(owner)) ? (CaptureSupply.Base, owner) : (CaptureSupply.Package, Top(owner));
    }

    /// <summary>True when package names mean the same here and in the base.</summary>
    public bool SameRelease => _base.SameRelease;

    /// <summary>A program of the base, by its path or by a name that is looked up in the directories where programs lie.</summary>
    public bool BaseHasProgram(string name) =>
        name.Contains('/', StringComparison.Ordinal) ? _base.HasFile(name) : _base.HasFile($"/usr/bin/{name}") || _base.HasFile($"/usr/local/bin/{name}");

    public bool IsNamed(string package) => _named.Contains(package);

    /// <summary>
    /// The parts of glibc, which belong together with the loader and the kernel's interface: taking single ones to another system breaks every program there.
    /// </summary>
    public static bool IsLibcFamily(string fileName) =>
        fileName.StartsWith("ld-linux", StringComparison.Ordinal)
        || fileName.Split('.')[0] is "libc" or "libm" or "libpthread" or "libdl" or "librt" or "libresolv" or "libutil" or "libanl" or "libnsl" or "libBrokenLocale" or "libthread_db" or "libmvec"
        || fileName.StartsWith("libnss_", StringComparison.Ordinal);

    // Debian splits Python into parts that nobody asks for by name.
    private string Top(string owner)
    {
        var isPart = owner.StartsWith("python3.", StringComparison.Ordinal) || owner.StartsWith("libpython3", StringComparison.Ordinal) || owner == "python3-minimal";
        return isPart && _dpkg.Closure("python3").Contains(owner) ? "python3" : owner;
    }
}
