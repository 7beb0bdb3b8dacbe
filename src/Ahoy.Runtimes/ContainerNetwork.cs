namespace Ahoy.Runtimes;

public enum ContainerNetwork
{
    /// <summary>A network namespace with the loopback interface only.</summary>
    None,
    /// <summary>The host's network.</summary>
    Host,
}
