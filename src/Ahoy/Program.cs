using System.CommandLine;
using Ahoy.Agent;
using Ahoy.Client;
using Ahoy.Images.Capture.Verification;
using Ahoy.Master;
using Ahoy.Wrapper;

// The wrapper starts with every job: it must not wait for a command tree to be built.
if (args is ["wrapper", ..])
    return WrapperMain.Run(args[1..]);
// Run by the build in images that may hold nothing else.
if (args is ["verify", ..])
    return VerifyMain.Run(args[1..]);

// Where HOME is not set (a bare container, a service), the platform's certificates ask the C library for the user's folder:
// a static executable gets no answer, or crashes with the modules of another C library.
if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("HOME")))
    Environment.SetEnvironmentVariable("HOME", "/");

var root = new RootCommand("Runs your own program, in the operating system environment that you chose, on every computer that you may use.");
foreach (var command in ClientCommands.Create())
{
    root.Add(command);
}

root.Add(MasterCommand.Create());
root.Add(AgentCommand.Create());
return await AhoyCommandLine.RunAsync(root, args);
