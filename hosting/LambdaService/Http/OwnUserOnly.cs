using System.Net;
using Microsoft.AspNetCore.Connections;

namespace BoxerMpi.LambdaService.Http;

/// <summary>Lets in connections from processes of this process's user, and tells others why not before anything of theirs is read.</summary>
internal static class OwnUserOnly
{
    private static readonly byte[] Refusal = Answer("""{"errorMessage":"The Runtime API is for processes of the function's own user","errorType":"Forbidden"}""");

    // For a stranger to send a request and so be able to read the answer.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async Task AdmitAsync(ConnectionContext connection, Func<Task> next)
    {
        if (connection is { RemoteEndPoint: IPEndPoint remote, LocalEndPoint: IPEndPoint local } && LoopbackPeer.IsOwn(remote, local))
        {
            await next();
            return;
        }

        using CancellationTokenSource late = new(Patience);
        try
        {
            await connection.Transport.Input.ReadAsync(late.Token);
            await connection.Transport.Output.WriteAsync(Refusal, late.Token);
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            // It has heard nothing, then.
        }
    }

    private static byte[] Answer(string body) => System.Text.Encoding.ASCII.GetBytes(
        $"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");
}
