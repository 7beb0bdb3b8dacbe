using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Relay;

namespace Ahoy.Wrapper;

/// <summary>The file by which the agent learns how the attempt ended: whole or not there at all.</summary>
internal static class ResultFile
{
    /// <exception cref="IOException">The disk is full or the folder is gone.</exception>
    public static void Write(string outDirectory, WrapperResult result)
    {
        var final = Path.Combine(outDirectory, WrapperOrders.ResultFileName);
        var temporary = final + ".tmp";
        // The program could write here too: what it may have put under this name is not written through.
        File.Delete(temporary);
        using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, result, AhoyJson.Default.WrapperResult);
        }

        // No flush to the disk: the rename makes it whole for every process, and a host that goes down takes the attempt with it.
        File.Move(temporary, final, overwrite: true);
    }
}
