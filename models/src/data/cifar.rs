//! Loading the colour images of CIFAR-10 from its binary batches.

use std::path::Path;

use super::{Data, DataError, gzip, idx};

/// Bytes of an image: red, green and blue planes of 32 × 32, each row by row.
const PIXELS: usize = 3 * 32 * 32;
const RECORD: usize = 1 + PIXELS;
const CLASSES: u8 = 10;

impl Data {
    /// Images and their classes from binary batches of CIFAR-10 (`data_batch_1.bin`, …), one after the other, as they are or packed
    /// by gzip. A batch may hold any number of records.
    ///
    /// Inputs are 3072 pixels 0 to 255: the red plane row by row, then green, then blue; the label is the class 0 to 9 in one
    /// column. Memory: 8 bytes a pixel, 1.2 GB for all 50,000 training images. Format: Krizhevsky, "The CIFAR-10 dataset", binary
    /// version.
    ///
    /// # Errors
    /// For a file that cannot be read or unpacked, one whose length is no whole number of records, a label above 9 (naming its byte),
    /// and no files, or none with a record.
    pub fn read_cifar10<F: AsRef<Path>>(batches: impl IntoIterator<Item = F>) -> Result<Data, DataError> {
        let (mut pixels, mut classes) = (Vec::new(), Vec::new());
        for batch in batches {
            let (bytes, file) = gzip::read(batch.as_ref())?;
            let found = bytes.len();
            if !found.is_multiple_of(RECORD) {
                let expected = found.next_multiple_of(RECORD);
                return Err(DataError::FileLength { file, expected, found });
            }
            for (row, record) in bytes.chunks_exact(RECORD).enumerate() {
                let Some((&class, image)) = record.split_first() else { continue };
                if class >= CLASSES {
                    let expected = "a class of CIFAR-10, 0 to 9";
                    let (byte, found) = (row * RECORD, class.to_string());
                    return Err(DataError::Format { file, byte, expected, found });
                }
                classes.push(class);
                pixels.extend_from_slice(image);
            }
        }
        idx::labelled(classes.len(), PIXELS, &pixels, &classes)
    }
}
