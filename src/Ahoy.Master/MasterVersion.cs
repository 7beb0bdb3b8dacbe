using System.Reflection;

namespace Ahoy.Master;

internal static class MasterVersion
{
    public static string Text { get; } =
        typeof(MasterVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
}
