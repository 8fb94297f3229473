namespace DPT.Engine.Dpt;

/// <summary>
/// What the second control learns from in place of pseudo-images: as many real images of every class, with the labels of stage 1.
/// If stage 3 is no better, it is the labels that help, not the generator.
/// </summary>
internal static class SelfTrainingImages
{
    /// <summary>Draws the images; which ones depends on their pseudo-labels and the seed, not on what they show.</summary>
    /// <param name="train">All training images; their own labels are not read.</param>
    /// <param name="labels">The pseudo-label of each.</param>
    /// <param name="perClass">Images of every class. A class with fewer gives all of them, as often as it takes.</param>
    /// <param name="seed">Seed of the stage.</param>
    /// <returns>The images with their pseudo-labels, class by class; none of a class that no image was given.</returns>
    public static ImageDataset Draw(ImageDataset train, int[] labels, int perClass, ulong seed)
    {
        var chosen = new List<int>();
        for (var label = 0; label < train.Classes; label++)
        {
            int[] members = [.. Enumerable.Range(0, labels.Length).Where(image => labels[image] == label)];
            if (members.Length > 0)
            {
                // A stream per class: the sampler goes on in new orders when it has given every image.
                var places = new int[perClass];
                BatchSampler.Shuffled(members.Length, seed, RunStreams.SelfTrainingDraw + (uint)label).Draw(step: 0, places);
                chosen.AddRange(places.Select(place => members[place]));
            }
        }

        return train.Select([.. chosen]).WithLabels([.. chosen.Select(image => labels[image])]);
    }
}
