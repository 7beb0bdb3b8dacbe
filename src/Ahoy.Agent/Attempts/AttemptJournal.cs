using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Agents;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Agent.Attempts;

/// <summary>
/// The orders that this agent has begun, one small file each, so that an agent that is started anew knows what is its own.
/// Not flushed to disk: after a crash of the whole host no container is left to be found again either.
/// </summary>
internal sealed class AttemptJournal
{
    private const string Suffix = ".json";
    private readonly string _directory;

    public AttemptJournal(string directory)
    {
        _directory = directory;
        PrivateFile.CreateDirectory(directory);
    }

    public void Write(AttemptOrder order) =>
        PrivateFile.Write(PathOf(new AttemptId(order.Job, order.Attempt)), JsonSerializer.SerializeToUtf8Bytes(order, AhoyJson.Default.AttemptOrder));

    /// <summary>Missing = done.</summary>
    public void Remove(AttemptId id) => File.Delete(PathOf(id));

    /// <summary>Every order that can be read. A file that can't (cut off by a crash of the host) is deleted: nothing can be done with it.</summary>
    public IReadOnlyList<AttemptOrder> ReadAll(Action<string, string> onUnreadable)
    {
        var orders = new List<AttemptOrder>();
        foreach (var file in Directory.EnumerateFiles(_directory).Order(StringComparer.Ordinal))
        {
            try
            {
                var order = JsonSerializer.Deserialize(File.ReadAllBytes(file), AhoyJson.Default.AttemptOrder);
                if (order is not null && file == PathOf(new AttemptId(order.Job, order.Attempt)))
                {
                    orders.Add(order);
                    continue;
                }

                onUnreadable(file, "it does not hold the order that its name says");
            }
            catch (JsonException e)
            {
                onUnreadable(file, e.Message);
            }
            catch (IOException e)
            {
                // Perhaps the next start can read it.
                onUnreadable(file, e.Message);
                continue;
            }

            File.Delete(file);
        }

        return orders;
    }

    private string PathOf(AttemptId id) => Path.Combine(_directory, id + Suffix);
}
