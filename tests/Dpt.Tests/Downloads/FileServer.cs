using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DPT.Engine.Dpt.Tests;

/// <summary>What was asked for: a path, and from which byte on.</summary>
internal sealed record FileRequest(string Path, long? From);

/// <summary>A server of this machine that answers byte for byte what a test says, and closes.</summary>
internal sealed class FileServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closed = new();
    private readonly Func<FileRequest, byte[]?> _answer;

    /// <param name="answer">All bytes of the answer; null to say nothing for as long as the test lasts.</param>
    public FileServer(Func<FileRequest, byte[]?> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = Serve();
    }

    /// <summary>What was asked for so far.</summary>
    public List<FileRequest> Requests { get; } = [];

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/sets");

    /// <summary>An answer of a server.</summary>
    public static byte[] Answer(string status, ReadOnlySpan<byte> body, params string[] headers) =>
        [.. Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nConnection: close\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n"), .. body];

    /// <summary>The answer of a good server.</summary>
    public static byte[] Good(byte[] file, long? from) => from is { } first
        ? Answer("206 Partial Content", file.AsSpan((int)first), $"Content-Length: {file.Length - first}", $"Content-Range: bytes {first}-{file.Length - 1}/{file.Length}")
        : Answer("200 OK", file, $"Content-Length: {file.Length}");

    public void Dispose()
    {
        _closed.Cancel();
        _listener.Dispose();
    }

    private async Task Serve()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_closed.Token);
                var stream = client.GetStream();
                var text = "";
                for (var chunk = new byte[4096]; !text.EndsWith("\r\n\r\n", StringComparison.Ordinal);)
                {
                    text += Encoding.ASCII.GetString(chunk, 0, await stream.ReadAsync(chunk, _closed.Token));
                }

                var range = text.Split("Range: bytes=").Skip(1).Select(rest => long.Parse(rest.Split('-')[0], CultureInfo.InvariantCulture)).Cast<long?>().FirstOrDefault();
                var request = new FileRequest(text.Split(' ')[1], range);
                Requests.Add(request);
                if (_answer(request) is { } answer)
                {
                    await stream.WriteAsync(answer, _closed.Token);
                }
                else
                {
                    await Task.Delay(Timeout.Infinite, _closed.Token);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
        }
    }
}
