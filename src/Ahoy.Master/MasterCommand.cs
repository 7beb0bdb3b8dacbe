using System.CommandLine;

namespace Ahoy.Master;

/// <summary>`ahoy master …`.</summary>
public static class MasterCommand
{
    public static Command Create() => new("master", "Keeps images and jobs, and hands work to agents.");
}
