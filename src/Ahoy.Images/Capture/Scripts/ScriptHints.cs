namespace Ahoy.Images.Capture.Scripts;

/// <summary>Which Debian package would bring a program or Python module that is missing: suggestions for messages, never acted upon.</summary>
internal static class ScriptHints
{
    private static readonly Dictionary<string, string> Interpreters = new(StringComparer.Ordinal)
    {
        ["python3"] = "python3",
        ["python"] = "python-is-python3",
        ["perl"] = "perl",
        ["Rscript"] = "r-base-core",
        ["R"] = "r-base-core",
        ["node"] = "nodejs",
        ["java"] = "default-jre-headless",
        ["ruby"] = "ruby",
        ["bash"] = "bash",
        ["zsh"] = "zsh",
        ["tcsh"] = "tcsh",
        ["csh"] = "csh",
        ["ksh"] = "ksh",
        ["gawk"] = "gawk",
        ["awk"] = "mawk",
        ["octave"] = "octave",
        ["gnuplot"] = "gnuplot-nox",
        ["julia"] = "julia",
        ["lua"] = "lua5.4",
        ["php"] = "php-cli",
    };

    // Debian's Python policy names packages after the module; these are the well-known exceptions.
    private static readonly Dictionary<string, string> Modules = new(StringComparer.Ordinal)
    {
        ["cv2"] = "python3-opencv",
        ["Crypto"] = "python3-pycryptodome",
        ["OpenSSL"] = "python3-openssl",
        ["dns"] = "python3-dnspython",
        ["ROOT"] = "python3-root",
        ["google"] = "python3-protobuf",
        ["usb"] = "python3-usb",
        ["attr"] = "python3-attr",
        ["mpl_toolkits"] = "python3-matplotlib",
        ["pylab"] = "python3-matplotlib",
    };

    public static string ForInterpreter(string name) =>
        Interpreters.TryGetValue(name, out var package)
            ? $"Add --package {package}, or install it on this computer."
            : $"Install {name} on this computer, or name the package that has it with --package.";

    public static string ForModule(string module)
    {
        var top = module.Split('.')[0];
        var package = Modules.GetValueOrDefault(top) ?? $"python3-{top.ToLowerInvariant().Replace('_', '-')}";
        return $"Install it on this computer, or try --package {package}.";
    }
}
