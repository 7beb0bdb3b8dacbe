using System.Runtime.CompilerServices;
using Ahoy.Runtimes.Namespaces;

namespace Ahoy.SystemTests.Runtimes;

/// <summary>
/// Lets this test program enter the namespaces of a daemon as a daemon does, in place and before anything else:
/// <see cref="NamespacedRuntimeTests"/> starts it again with the variable set.
/// </summary>
internal static class DaemonNamespaceEntry
{
    /// <summary>Holds the state directory; set only for the inner run.</summary>
    public const string Variable = "AHOY_TEST_NAMESPACE_STATE";

    [ModuleInitializer]
    internal static void Enter()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { } state)
            return;
        var reason = DaemonNamespace.Enter(Environment.GetCommandLineArgs()[1..], state);
        if (reason is not null)
            throw new InvalidOperationException($"No namespace for containers: {reason}");
    }
}
