using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ahoy.Agent.Relay;

/// <summary>
/// The address of a unix socket. .NET's own <see cref="UnixDomainSocketEndPoint"/> deletes the path that was bound when the socket is closed;
/// a path through a descriptor may mean another folder by then.
/// </summary>
internal sealed class SocketPath(string path) : EndPoint
{
    public override AddressFamily AddressFamily => AddressFamily.Unix;

    public override SocketAddress Serialize()
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        var address = new SocketAddress(AddressFamily.Unix, 2 + bytes.Length + 1);
        for (var i = 0; i < bytes.Length; i++)
        {
            address[2 + i] = bytes[i];
        }

        return address;
    }

    public override EndPoint Create(SocketAddress socketAddress) => this;

    public override string ToString() => path;
}
