using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;

namespace DPT.Engine.Dpt;

/// <summary>Brings a file, from where an earlier try has come to.</summary>
/// <param name="uri">Where it is.</param>
/// <param name="file">What it is.</param>
/// <param name="part">Where to write it; what is there is its beginning.</param>
/// <param name="observer">Hears how far it is.</param>
/// <param name="patience">How long the server may say nothing.</param>
internal sealed class FileDownload(Uri uri, PublishedFile file, string part, IRunObserver observer, TimeSpan patience)
{
    private const int ChunkBytes = 1 << 16;
    private const int MostRedirections = 5;
    private const int Kibi = 1024;

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private long _here;

    /// <summary>Writes the file; its length is right then.</summary>
    /// <exception cref="DptException">See <see cref="PublishedSet.Save"/>.</exception>
    /// <exception cref="OperationCanceledException">It was stopped; what has come is there.</exception>
    public async Task Run(CancellationToken stop)
    {
        using var handler = new SocketsHttpHandler { MaxAutomaticRedirections = MostRedirections, ConnectTimeout = patience };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        await using var target = new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        _here = target.Length <= file.Bytes ? target.Length : 0;
        if (_here == file.Bytes)
        {
            return;
        }

        using var response = await Ask(client, stop);
        RequireLength(response);
        target.SetLength(_here);
        target.Position = _here;
        await Copy(await Worded(token => response.Content.ReadAsStreamAsync(token), stop), target, stop);
        if (_here < file.Bytes)
        {
            throw Failed($"ended after {_here} of {file.Bytes} bytes");
        }
    }

    /// <summary>Asks for what is missing, and for all where the server gives no part.</summary>
    private async Task<HttpResponseMessage> Ask(HttpClient client, CancellationToken stop)
    {
        var response = await Send(client, stop);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && _here > 0)
        {
            response.Dispose();
            _here = 0;
            response = await Send(client, stop);
        }

        if (!response.IsSuccessStatusCode)
        {
            using (response)
            {
                throw Failed($"answered {(int)response.StatusCode} {OneLine.Start(response.ReasonPhrase ?? "")}");
            }
        }

        if (response.StatusCode != HttpStatusCode.PartialContent || response.Content.Headers.ContentRange?.From != _here)
        {
            _here = 0;
        }

        return response;
    }

    private Task<HttpResponseMessage> Send(HttpClient client, CancellationToken stop) => Worded(
        token =>
        {
            var request = new HttpRequestMessage(HttpMethod.Get, uri);
            request.Headers.Range = _here > 0 ? new RangeHeaderValue(_here, null) : null;
            return client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token);
        },
        stop);

    private void RequireLength(HttpResponseMessage response)
    {
        if (response.Content.Headers.ContentLength is { } length && length != file.Bytes - _here)
        {
            throw Other($"has {_here + length} bytes");
        }
    }

    private async Task Copy(Stream source, FileStream target, CancellationToken stop)
    {
        var chunk = new byte[ChunkBytes];
        for (int read; (read = await Worded(token => source.ReadAsync(chunk, token).AsTask(), stop)) > 0;)
        {
            if (_here + read > file.Bytes)
            {
                target.SetLength(0);
                throw Other("has more bytes");
            }

            target.Write(chunk, 0, read);
            _here += read;
            observer.Progress(new WorkProgress(
                $"get {file.Name}", _here / Kibi, file.Bytes / Kibi, "KiB", _here / Kibi / Math.Max(_clock.Elapsed.TotalSeconds, 1e-3), ""));
        }
    }

    /// <summary>Waits for the server, but not for ever, and words its failures.</summary>
    private async Task<T> Worded<T>(Func<CancellationToken, Task<T>> wait, CancellationToken stop)
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(stop);
        source.CancelAfter(patience);
        try
        {
            return await wait(source.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw Failed($"said nothing for {patience.TotalSeconds:0} seconds");
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw Failed($"cannot be read: {error.Message}", error);
        }
    }

    private DptException Failed(string what, Exception? inner = null)
    {
        var kept = _here > 0 ? $"; what has come is in '{part}', and the same command goes on from there" : "; another address can be given with --from";
        return new DptException(FailureKind.Environment, $"'{uri}' {what}{kept}", inner);
    }

    private DptException Other(string what) =>
        new(FailureKind.Check, $"'{uri}' is another file than was published: it {what}, where {file.Bytes} are expected; another address can be given with --from");
}
